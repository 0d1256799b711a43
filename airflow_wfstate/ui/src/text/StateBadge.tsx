import { Badge, Box } from "@chakra-ui/react";

import { type CompensationState, type StepState, type WorkflowState, words } from "../server/model";

export type State = CompensationState | StepState | WorkflowState;

// The names on the right are Airflow's own palettes, so that a state looks here as it does in the grid.
const palettes: Record<State, string> = {
  armed: "scheduled",
  cancelled: "removed",
  compensated: "skipped",
  compensating: "up_for_retry",
  compensation_failed: "upstream_failed",
  discarded: "removed",
  done: "success",
  failed: "failed",
  lost: "upstream_failed",
  not_needed: "removed",
  running: "running",
  skipped: "skipped",
  succeeded: "success",
  waiting: "deferred",
};

/** The palette of Airflow's theme in which a state is drawn. */
export const paletteOf = (state: State): string => palettes[state];

/** States of task instances in Airflow that share the palette of another; the others have one of their own name. */
const airflowsPalettes: Readonly<Record<string, string>> = { awaiting_input: "deferred", restarting: "running" };

/** The palette of a state of ours, or of a task instance in Airflow. */
export const paletteOfAny = (state: string): string =>
  (palettes as Readonly<Record<string, string>>)[state] ?? airflowsPalettes[state] ?? state;

/**
 * A state by its name, beside Airflow's colour of it. The name does not stand on the colour, as in Airflow's own badges:
 * on some of them white letters have too little contrast.
 */
export const StateBadge = ({ state }: { readonly state: State }) => (
  <Badge
    bg="colorPalette.solid/15"
    borderColor="colorPalette.solid"
    borderRadius="full"
    borderWidth={1}
    color="fg"
    colorPalette={paletteOf(state)}
    gap={1.5}
    px={2}
    whiteSpace="nowrap"
  >
    <Box bg="colorPalette.solid" borderRadius="full" boxSize={2} flexShrink={0} />
    {words(state)}
  </Badge>
);
