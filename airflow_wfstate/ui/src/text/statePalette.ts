/**
 * The colour of every state, once: badges, bars, charts and marks all take it from here. The names on the right are
 * palettes of Airflow's theme, so that a state looks here as it does in Airflow's grid.
 */

import type { CompensationState, EventState, StepState, Subscription, WorkflowState } from "../server/model";

export type State = CompensationState | EventState | StepState | Subscription["state"] | WorkflowState;

const palettes: Record<State, string> = {
  active: "success",
  applied: "success",
  armed: "scheduled",
  cancelled: "removed",
  compensated: "skipped",
  compensating: "up_for_retry",
  compensation_failed: "upstream_failed",
  dead: "failed",
  discarded: "removed",
  done: "success",
  dropped: "removed",
  failed: "failed",
  lost: "upstream_failed",
  not_needed: "removed",
  parked: "queued",
  paused: "removed",
  running: "running",
  skipped: "skipped",
  succeeded: "success",
  unavailable: "up_for_retry",
  waiting: "deferred",
};

/** The palette of Airflow's theme in which a state is drawn. */
export const paletteOf = (state: State): string => palettes[state];

/** States of task instances in Airflow that share the palette of another; the others have one of their own name. */
const airflowsPalettes: Readonly<Record<string, string>> = { awaiting_input: "deferred", restarting: "running" };

/** The palette of a state of ours, or of a task instance in Airflow. */
export const paletteOfAny = (state: string): string =>
  (palettes as Readonly<Record<string, string>>)[state] ?? airflowsPalettes[state] ?? state;

/** Of what needs attention, whatever its state. */
export const flaggedPalette = "up_for_retry";
