"""Which code a relay uses when it is cleared to run a compensation.

Only for processes that may use Airflow's ORM: the api-server and the command line, never a worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from airflow_wfstate.domain.messages.code import Code
from airflow_wfstate.domain.rules.undo_order import TASK_HANDLER
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.runs.dag_steps import steps_of_dag

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.serialization.definitions.dag import SerializedDAG

    from airflow_wfstate.store.runs.code import RunCodes


def read_relay_code(connection: Connection, workflow_id: str) -> Code | None:
    """Which code the person who requested the compensation asked for; None when they did not choose."""
    asked = connection.execute(
        select(schema.workflow.c.relay_code).where(schema.workflow.c.id == workflow_id)
    ).scalar_one_or_none()
    return None if asked is None else Code(asked)


def relay_code(codes: RunCodes, run: DagRun, relay_task_id: str, handler: str) -> Code:
    """Decide which code the run's relay uses when it is cleared.

    A person's choice comes first, then what Airflow itself would do. With no choice made, the run keeps its own code if
    the newest has lost the relay, or the task whose function is the compensation, and the run's own still has both.
    """
    code = codes.of(run)
    if code is Code.SAME or codes.asked is not None:
        return code
    if what_is_missing(codes.latest_dag(run.dag_id), relay_task_id, handler) is None:
        return code
    return code if what_is_missing(codes.own_dag(run), relay_task_id, handler) else Code.SAME


def what_is_missing(dag: SerializedDAG | None, relay_task_id: str, handler: str) -> str | None:
    """What this version of the DAG lacks for a compensation, as the end of a sentence; None when nothing is missing."""
    if dag is None:
        return "is gone, with the function that undoes step"
    if relay_task_id not in dag.task_dict:
        return f"no longer has task {relay_task_id}, the relay that undoes step"
    if steps_of_dag(dag).has_undo(handler):
        return None
    task_id = handler.removeprefix(TASK_HANDLER)
    if task_id in dag.task_dict:
        return f"has a task {task_id} that no longer declares the function that undoes step"
    return f"no longer has task {task_id}, which declares the function that undoes step"
