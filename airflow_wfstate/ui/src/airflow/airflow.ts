/** Addresses in Airflow, for the host's router. */

/** The page that shows the list or a single workflow. */
export const pageAddress = "/plugin/wfstate";

/** The list of workflows that have a label. */
export const labelAddress = (label: string): { pathname: string; search: string } => ({
  pathname: pageAddress,
  search: new URLSearchParams({ label }).toString(),
});

/** The page of one workflow. */
export const workflowAddress = (workflowId: string): string =>
  `${pageAddress}?workflow=${encodeURIComponent(workflowId)}`;

/** The page of a DAG. */
export const dagAddress = (dagId: string): string => `/dags/${encodeURIComponent(dagId)}`;

/** The page of a workflow name, with statistics of its workflows. */
export const nameAddress = (name: string): string => `${pageAddress}?about=${encodeURIComponent(name)}`;

/** The page of events that wait for their workflow or for a decision. */
export const eventsAddress = `${pageAddress}?events=waiting`;

/** The page of subscriptions. */
export const subscriptionsAddress = `${pageAddress}?subscriptions=all`;

/** The page that shows two workflows side by side; without the second one it asks for it. */
export const compareAddress = (workflowId: string, otherId?: string): string =>
  `${pageAddress}?compare=${encodeURIComponent(workflowId)}${otherId === undefined ? "" : `&with=${encodeURIComponent(otherId)}`}`;

/** One section of a workflow's page. */
export const sectionAddress = (workflowId: string, section: string): string =>
  `${workflowAddress(workflowId)}&section=${section}`;

/** The page of a DAG run. */
export const runAddress = (dagId: string, runId: string): string =>
  `/dags/${encodeURIComponent(dagId)}/runs/${encodeURIComponent(runId)}`;

type TaskInstance = {
  readonly dag_id: string;
  readonly map_index: number;
  readonly run_id: string;
  readonly task_id: string;
  readonly try_number: number;
};

/** The page of a task instance, opened at the log of this try. */
export const logAddress = (task: TaskInstance): string => {
  const mapped = task.map_index < 0 ? "" : `/mapped/${task.map_index}`;
  return `${runAddress(task.dag_id, task.run_id)}/tasks/${encodeURIComponent(task.task_id)}${mapped}?try_number=${task.try_number}`;
};

/** Whether a task is Airflow's. Participants outside Airflow have no DAG run. */
export const isAirflows = (task: { readonly dag_id: string; readonly run_id: string }): boolean =>
  task.dag_id !== "" && task.run_id !== "";
