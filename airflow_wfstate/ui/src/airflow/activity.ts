import { type JournalEntry, type WorkflowSummary, words } from "../server/model";

const heads: Partial<Record<JournalEntry["kind"], string>> = {
  "run.linked": "Linked this DAG run to the workflow",
  "workflow.compensated": "Closed the workflow as compensated: everything is undone",
  "workflow.compensating": "Began to undo the workflow",
  "workflow.compensation_failed": "Put the undo on hold until someone decides",
  "workflow.failed": "Recorded that the workflow failed",
  "workflow.reopened": "Reopened the workflow",
  "workflow.resumed": "Resumed the failed workflow",
  "workflow.started": "Started the workflow",
  "workflow.succeeded": "Completed the workflow",
};

/** One sentence that says what a task did for the whole workflow. */
export const activityText = ({ data, kind }: JournalEntry, { generation, key, name }: WorkflowSummary): string => {
  const what = heads[kind] ?? `Wrote ${words(kind)} to the journal`;
  if (kind === "workflow.started") {
    return `${what} ${name} ${key}${generation === 1 ? "" : `, generation ${generation}`}.`;
  }
  const notReached = kind === "workflow.succeeded" && Array.isArray(data.not_reached) ? data.not_reached : [];
  return notReached.length === 0 ? `${what}.` : `${what}. Planned steps that were not reached: ${notReached.join(", ")}.`;
};
