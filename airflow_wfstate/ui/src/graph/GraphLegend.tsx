import { Box, HStack, Text } from "@chakra-ui/react";
import type { ReactNode } from "react";

import { words } from "../server/model";
import { paletteOfAny } from "../text/StateBadge";
import { waitedLook } from "../timeline/looks";
import { countsOf } from "./look";
import type { Lane } from "./shape";

/** Explains the colours and lines, limited to the states in this graph. */
export const GraphLegend = ({ lanes }: { readonly lanes: readonly Lane[] }) => {
  // One entry per colour: a step that succeeded looks like a task in state success.
  const states = new Map(
    lanes.flatMap(({ boxes }) => boxes.flatMap((box) => [...countsOf(box).keys()])).map((state) => [paletteOfAny(state), state]),
  );
  return (
    <HStack aria-label="Legend" color="fg.muted" fontSize="xs" gap={4} mt={3} role="group" wrap="wrap">
      {[...states].map(([palette, state]) => (
        <Entry key={palette} name={words(state)}>
          <Box bg="colorPalette.solid" borderRadius="full" boxSize={2} colorPalette={palette} />
        </Entry>
      ))}
      <Entry name="not started">
        <Box borderColor="border.emphasized" borderRadius="sm" borderStyle="dashed" borderWidth={1} height={3} width={5} />
      </Entry>
      {lanes.some(({ lane }) => lane.nodes.some((node) => node.waited_since !== null)) ? (
        <Entry name="a service that the workflow is waiting for">
          <Box borderRadius="sm" borderWidth={1} height={3} width={5} {...waitedLook} />
        </Entry>
      ) : undefined}
      <Entry name="several items in one box">
        <Box borderRadius="sm" borderWidth={1} boxShadow="3px 3px 0 -1px {colors.border.emphasized}" height={3} width={5} />
      </Entry>
      <Entry name="third to be undone">
        <Box borderRadius="full" borderWidth={1} fontSize="10px" lineHeight="14px" px={1.5}>
          ↩ 3
        </Box>
      </Entry>
      <Entry name="runs before">
        <Box bg="fg.subtle" height="2px" width={5} />
      </Entry>
      <Entry name="triggered the run">
        <Box borderColor="fg.info" borderStyle="dashed" borderTopWidth={2} width={5} />
      </Entry>
    </HStack>
  );
};

const Entry = ({ children, name }: { readonly children: ReactNode; readonly name: string }) => (
  <HStack gap={1.5}>
    {children}
    <Text as="span">{name}</Text>
  </HStack>
);
