import { type JournalEntry, type WorkflowSummary, words } from "../server/model";

const heads: Partial<Record<JournalEntry["kind"], string>> = {
  "run.linked": "Made this DAG run take part in the workflow",
  "workflow.compensated": "Found everything undone, and closed the workflow as compensated",
  "workflow.compensating": "Had the workflow undone",
  "workflow.compensation_failed": "Stopped the undo until a person decides",
  "workflow.failed": "Recorded that the workflow failed",
  "workflow.reopened": "Opened the workflow again",
  "workflow.resumed": "Set the failed workflow going again",
  "workflow.started": "Started the workflow",
  "workflow.succeeded": "Completed the workflow",
};

/** What a task did for a whole workflow, in a sentence. */
export const activityText = ({ data, kind }: JournalEntry, { generation, key, name }: WorkflowSummary): string => {
  const what = heads[kind] ?? `Wrote ${words(kind)} into the journal`;
  if (kind === "workflow.started") {
    return `${what} ${name} ${key}${generation === 1 ? "" : `, generation ${generation}`}.`;
  }
  const notReached = kind === "workflow.succeeded" && Array.isArray(data.not_reached) ? data.not_reached : [];
  return notReached.length === 0 ? `${what}.` : `${what}. Planned steps that were not reached: ${notReached.join(", ")}.`;
};
