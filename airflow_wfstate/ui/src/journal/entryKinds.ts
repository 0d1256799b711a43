/** The kinds of journal entries: the state that gives each its colour, and the filters of the journal. */

import type { EntryKind } from "../server/model";
import type { State } from "../text/StateBadge";

/** The type makes this complete: when the server gains a kind, the build of the page fails. */
const states: Readonly<Record<EntryKind, State>> = {
  "compensation.attempt_failed": "failed",
  "compensation.began": "compensating",
  "compensation.done": "compensated",
  "compensation.failed": "compensation_failed",
  "compensation.not_needed": "not_needed",
  "compensation.retried": "compensating",
  "compensation.skipped": "skipped",
  "event.noted": "armed",
  "run.linked": "armed",
  "step.answered": "running",
  "step.began": "running",
  "step.compensated": "compensated",
  "step.continued": "running",
  "step.failed": "failed",
  "step.lost": "lost",
  "step.renamed": "armed",
  "step.skipped": "skipped",
  "step.succeeded": "succeeded",
  "step.waiting": "waiting",
  "turn.given": "compensating",
  "workflow.cancelled": "cancelled",
  "workflow.compensated": "compensated",
  "workflow.compensating": "compensating",
  "workflow.compensation_failed": "compensation_failed",
  "workflow.failed": "failed",
  "workflow.overdue": "failed",
  "workflow.reopened": "running",
  "workflow.resumed": "running",
  "workflow.started": "running",
  "workflow.succeeded": "succeeded",
};

/** The state whose colour marks an entry. */
export const stateOfKind = (kind: EntryKind): State => states[kind];

/** The filters of the journal, by their name in the address. */
export const subjects: Readonly<Record<string, string>> = {
  "": "Everything",
  compensation: "Compensations",
  event: "Events that changed nothing",
  failures: "Failures",
  run: "DAG runs",
  step: "Steps",
  turn: "Turns",
  workflow: "The whole workflow",
};

const failures: readonly State[] = ["failed", "lost", "compensation_failed"];

/** The kinds that a subject stands for; an empty list for everything and for an unknown subject. */
export const kindsOf = (subject: string): EntryKind[] =>
  subject === ""
    ? []
    : (Object.keys(states) as EntryKind[]).filter((kind) =>
        subject === "failures" ? failures.includes(states[kind]) : kind.startsWith(`${subject}.`),
      );
