import { Box, HStack, Text } from "@chakra-ui/react";
import type { ReactNode } from "react";

import { words } from "../server/model";
import { paletteOf, type State } from "../text/StateBadge";
import { foldLook, hatched, queuedLook, waitedLook } from "./looks";
import type { Timeline } from "./timeline";

const signs: Partial<Record<State, string>> = { failed: "✕", lost: "?" };

/** Explains the colours and signs, limited to the states on this timeline. */
export const TimelineLegend = ({ timeline }: { readonly timeline: Timeline }) => {
  const rows = timeline.lanes.flatMap((lane) => lane.rows);
  const attempts = rows.flatMap((row) => row.attempts);
  const services = rows.flatMap((row) => row.services);
  const states = new Set<State>([
    ...attempts.map((bar) => bar.attempt.state),
    ...services.flatMap(({ step }) => (step === undefined ? [] : [step.state])),
  ]);
  const undone = new Set<State>(
    rows.flatMap((row) => row.compensations.map(({ compensation: { state } }) => (state === "done" ? "compensated" : state))),
  );
  const hasGroups = rows.some((row) => row.groups.length > 0);
  return (
    <HStack aria-label="Legend" color="fg.muted" fontSize="xs" gap={4} mt={3} role="group" wrap="wrap">
      {[...states].map((state) => (
        <Entry key={state} name={words(state)}>
          <Box
            bg={state === "lost" ? "transparent" : "colorPalette.solid"}
            borderColor="colorPalette.solid"
            borderRadius="sm"
            borderStyle={state === "lost" ? "dashed" : "solid"}
            borderWidth={1}
            colorPalette={paletteOf(state)}
            color={state === "lost" ? "fg" : "colorPalette.contrast"}
            fontSize="9px"
            height={3}
            lineHeight="10px"
            textAlign="center"
            width={5}
          >
            {signs[state]}
          </Box>
        </Entry>
      ))}
      {attempts.some((bar) => bar.attempt.number > 1) ? <Entry name="retry">↻</Entry> : undefined}
      {attempts.some((bar) => bar.waits.length > 0) ? (
        <Entry name="waiting">
          <Box backgroundColor="colorPalette.solid" backgroundImage={hatched} colorPalette="running" height={3} width={5} />
        </Entry>
      ) : undefined}
      {services.some((bar) => bar.isWaited && bar.step !== undefined) ? (
        <Entry name="a service in progress that the workflow is waiting for">
          <Box backgroundColor="colorPalette.solid" backgroundImage={hatched} colorPalette="running" height={3} width={5} />
        </Entry>
      ) : undefined}
      {services.some((bar) => bar.step === undefined) ? (
        <Entry name="a service that has not reported yet">
          <Box borderColor="border.emphasized" borderRadius="sm" borderStyle="dashed" borderWidth={1} height={3} width={5} {...waitedLook} />
        </Entry>
      ) : undefined}
      {attempts.some((bar) => bar.queued !== undefined) ? (
        <Entry name="queued in Airflow">
          <Box borderRadius="sm" height={2} width={5} {...queuedLook} />
        </Entry>
      ) : undefined}
      {[...undone].map((state) => (
        <Entry key={state} name={`undo: ${words(state)}`}>
          <Box
            borderColor="colorPalette.solid"
            borderRadius="full"
            borderWidth={2}
            colorPalette={paletteOf(state)}
            fontSize="10px"
            lineHeight="12px"
            px={1}
          >
            ↩
          </Box>
        </Entry>
      ))}
      {hasGroups ? (
        <Entry name="a mapped step: the higher, the more items are running">
          <HStack align="end" gap={0} height={3}>
            {["30%", "70%", "100%", "50%"].map((height) => (
              <Box bg="colorPalette.solid" colorPalette="success" height={height} key={height} width={1} />
            ))}
          </HStack>
        </Entry>
      ) : undefined}
      {timeline.axis.some((piece) => piece.isFolded) ? (
        <Entry name="idle time, shortened">
          <Box height={3} width={5} {...foldLook} />
        </Entry>
      ) : undefined}
      {timeline.now === undefined ? undefined : (
        <Entry name="now">
          <Box bg="fg.info" height={3} width="2px" />
        </Entry>
      )}
    </HStack>
  );
};

const Entry = ({ children, name }: { readonly children: ReactNode; readonly name: string }) => (
  <HStack gap={1.5}>
    {typeof children === "string" ? <Text as="span">{children}</Text> : children}
    <Text as="span">{name}</Text>
  </HStack>
);
