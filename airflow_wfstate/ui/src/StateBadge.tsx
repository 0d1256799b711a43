import { Badge } from "@chakra-ui/react";

import type { CompensationState, StepState, WorkflowState } from "./domain";

type State = CompensationState | StepState | WorkflowState;

// The names on the right are Airflow's own palettes, so that a state looks here as it does in the grid.
const palettes: Record<State, string> = {
  armed: "none",
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

export const StateBadge = ({ state }: { readonly state: State }) => (
  <Badge borderRadius="full" colorPalette={palettes[state]} px={2} variant="solid">
    {state.replaceAll("_", " ")}
  </Badge>
);
