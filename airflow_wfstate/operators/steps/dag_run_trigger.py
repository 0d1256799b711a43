"""Trigger a run of another DAG from a task, with the half-private parts of Airflow that this needs in one place.

Airflow's own TriggerDagRunOperator fails if the run exists. Sending its request to the supervisor directly lets us
distinguish the two cases. Tested with Airflow 3.2.2 and 3.3.2.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowException
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ErrorResponse, TriggerDagRun


def trigger_dag_run(dag_id: str, run_id: str, conf: dict[str, Any]) -> bool:
    """Ask Airflow to create a run.

    :param conf: the run's conf, as JSON values.
    :returns: True if it was created, False if it already exists.
    :raises AirflowException: Airflow refused, for instance because there is no such DAG.
    """
    request = TriggerDagRun(dag_id=dag_id, run_id=run_id, logical_date=None, conf=conf, reset_dag_run=False)
    response = task_runner.SUPERVISOR_COMMS.send(request)
    if not isinstance(response, ErrorResponse):
        return True
    # Compared by name, because the enumeration has moved between Airflow's modules.
    if response.error.name == "DAGRUN_ALREADY_EXISTS":
        return False
    raise AirflowException(
        f"Airflow did not trigger run {run_id} of DAG {dag_id}: {response.error.value}, {response.detail}. "
        "Check that the DAG exists, has no import error, and accepts this conf."
    )


def dag_run_state(dag_id: str, run_id: str) -> str:
    """The state of an existing run: ``queued``, ``running``, ``success`` or ``failed``."""
    return str(task_runner.RuntimeTaskInstance.get_dagrun_state(dag_id, run_id))
