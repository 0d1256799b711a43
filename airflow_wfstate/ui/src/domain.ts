/** The shapes that /wfstate/ui answers with: airflow_wfstate/domain, field by field. Times are ISO 8601 in UTC. */

export const workflowStates = [
  "running",
  "succeeded",
  "failed",
  "compensating",
  "compensated",
  "compensation_failed",
  "cancelled",
] as const;

export type WorkflowState = (typeof workflowStates)[number];

/** A workflow in one of these still needs something. */
export const openStates: readonly WorkflowState[] = ["running", "failed", "compensating", "compensation_failed"];

export type StepState = "running" | "waiting" | "succeeded" | "failed" | "skipped" | "lost" | "compensated";

export type CompensationState = "armed" | "running" | "done" | "failed" | "skipped" | "discarded" | "not_needed";

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** A stored value: `text` is its JSON, `size` its bytes. */
export type Payload = { type: string; text: string; size: number; sha256: string };

export type WorkflowSummary = {
  id: string;
  name: string;
  key: string;
  generation: number;
  correlation_id: string;
  state: WorkflowState;
  on_failure: "compensate" | "hold";
  steps_done: number;
  steps_total: number;
  current_step: string | null;
  error: string | null;
  hold_reason: string | null;
  started_at: string;
  updated_at: string;
  ended_at: string | null;
  deadline_at: string | null;
};

export type WorkflowsAnswer = { workflows: WorkflowSummary[]; next_cursor: string | null };

export type LinkedRun = {
  dag_id: string;
  run_id: string;
  role: "owner" | "child" | "guest";
  /** Of the DAG run in Airflow; null when the run does not exist. */
  state: string | null;
};

export type Attempt = {
  number: number;
  round: number;
  state: StepState;
  dag_id: string;
  run_id: string;
  task_id: string;
  map_index: number;
  try_number: number;
  started_at: string;
  ended_at: string | null;
  error: string | null;
};

export type Checkpoint = { round: number; name: string; type: string; size: number; saved_at: string };

export type Compensation = {
  round: number;
  handler: string;
  state: CompensationState;
  attempts: number;
  max_attempts: number;
  error: string | null;
};

export type Step = {
  id: string;
  participant: string;
  name: string;
  item_key: string;
  state: StepState;
  round: number;
  started_at: string;
  attempts: Attempt[];
  checkpoints: Checkpoint[];
  compensations: Compensation[];
  /** Null when there is none, or when the reader may not see it. */
  output: Payload | null;
  output_type: string | null;
  output_size: number | null;
  error: string | null;
};

export type WorkflowDetail = {
  summary: WorkflowSummary;
  progress: { done: string[]; running: string[]; failed: string[]; remaining: string[] };
  not_reached: string[];
  runs: LinkedRun[];
  steps: Step[];
  input: Payload | null;
  output: Payload | null;
};

export type JournalEntry = {
  number: number;
  at: string;
  kind: string;
  step: string | null;
  attempt: number | null;
  actor: string;
  data: { [key: string]: JsonValue };
};

export type JournalAnswer = { entries: JournalEntry[]; next_after: number | null };
