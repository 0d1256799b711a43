import { OfRun, type Run } from "./OfRun";
import { WorkflowPage } from "../workflow/WorkflowPage";

/** The tab on a DAG run's page: the workflow that the run takes part in. */
export const RunTab = ({ dagId, runId }: Run) => (
  <OfRun dagId={dagId} runId={runId}>
    {(workflow) => <WorkflowPage key={workflow.id} workflowId={workflow.id} />}
  </OfRun>
);
