import { Badge } from "@chakra-ui/react";

import { type CompensationState, type StepState, type WorkflowState, words } from "./model";

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

/** A state by its name, in Airflow's colour of it. */
export const StateBadge = ({ state }: { readonly state: State }) => (
  <Badge borderRadius="full" colorPalette={paletteOf(state)} px={2} variant="solid" whiteSpace="nowrap">
    {words(state)}
  </Badge>
);
