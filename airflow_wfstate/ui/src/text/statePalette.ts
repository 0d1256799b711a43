/**
 * The colour of every state, used by badges, bars, charts and marks. The names on the right are palettes of Airflow's
 * theme, so that a state looks the same here as in Airflow's grid.
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

/** The palette of Airflow's theme for a state. */
export const paletteOf = (state: State): string => palettes[state];

/** Airflow task states that share another state's palette; all others have a palette of their own name. */
const airflowsPalettes: Readonly<Record<string, string>> = { awaiting_input: "deferred", restarting: "running" };

/** The palette of one of our states, or of an Airflow task state. */
export const paletteOfAny = (state: string): string =>
  (palettes as Readonly<Record<string, string>>)[state] ?? airflowsPalettes[state] ?? state;

/** The palette of whatever needs attention, regardless of its state. */
export const flaggedPalette = "up_for_retry";
