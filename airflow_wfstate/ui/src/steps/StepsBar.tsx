import { Box, Flex, HStack, Text } from "@chakra-ui/react";

import type { WorkflowSummary } from "../server/model";
import { paletteOf } from "../text/StateBadge";

type Counts = Pick<
  WorkflowSummary,
  "steps_compensated" | "steps_done" | "steps_failed" | "steps_running" | "steps_total"
>;

type Part = { readonly count: number; readonly name: string; readonly palette: string };

/** The parts of the bar, in order, without empty ones. The rest has not started. */
export const partsOf = (counts: Counts): Part[] =>
  [
    { count: counts.steps_done, name: "done", palette: paletteOf("done") },
    { count: counts.steps_compensated, name: "undone", palette: paletteOf("compensated") },
    { count: counts.steps_failed, name: "failed", palette: paletteOf("failed") },
    { count: counts.steps_running, name: "running", palette: paletteOf("running") },
  ].filter((part) => part.count > 0);

/** The parts in words: 3 of 5 steps done, 2 undone. */
export const partsText = (counts: Counts): string =>
  [
    `${counts.steps_done} of ${counts.steps_total} steps done`,
    ...partsOf(counts)
      .filter((part) => part.name !== "done")
      .map((part) => `${part.count} ${part.name}`),
  ].join(", ");

/** The progress of a workflow, as a bar and in numbers. */
export const StepsBar = ({ counts }: { readonly counts: Counts }) => (
  <HStack>
    <Flex
      aria-label={partsText(counts)}
      bg="bg.emphasized"
      borderRadius="sm"
      flexShrink={0}
      height={2}
      overflow="hidden"
      role="img"
      title={partsText(counts)}
      width="24"
    >
      {partsOf(counts).map((part) => (
        <Box
          bg="colorPalette.solid"
          colorPalette={part.palette}
          key={part.name}
          width={`${(part.count / Math.max(counts.steps_total, 1)) * 100}%`}
        />
      ))}
    </Flex>
    <Text whiteSpace="nowrap">{`${counts.steps_done} of ${counts.steps_total}`}</Text>
  </HStack>
);

/** Explains the colours of the bar, with the numbers; "none" without steps. */
export const StepsLegend = ({ counts }: { readonly counts: Counts }) => {
  if (counts.steps_total === 0) {
    return <Text>none</Text>;
  }
  const remaining = counts.steps_total - partsOf(counts).reduce((sum, part) => sum + part.count, 0);

  return (
    <HStack aria-label="Steps" gap={3} role="group" wrap="wrap">
      {partsOf(counts).map((part) => (
        <HStack colorPalette={part.palette} gap={1} key={part.name}>
          <Box bg="colorPalette.solid" borderRadius="full" boxSize={2} />
          <Text fontSize="xs">{`${part.count} ${part.name}`}</Text>
        </HStack>
      ))}
      {remaining === 0 ? undefined : (
        <HStack gap={1}>
          <Box bg="bg.emphasized" borderRadius="full" boxSize={2} />
          <Text fontSize="xs">{`${remaining} not started`}</Text>
        </HStack>
      )}
    </HStack>
  );
};
