/** The address of a DAG run's page in Airflow, for the host's router. */
export const runAddress = (dagId: string, runId: string): string =>
  `/dags/${encodeURIComponent(dagId)}/runs/${encodeURIComponent(runId)}`;
