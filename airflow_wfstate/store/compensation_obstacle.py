"""What is in the way of a compensation, as far as Airflow's tables show it.

Only where Airflow's ORM may be used: in the api-server and the command line, never in a worker.
"""

from __future__ import annotations

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from airflow_wfstate.domain.compensation import TASK_HANDLER
from airflow_wfstate.store.airflow_tables import dag
from airflow_wfstate.store.pending_compensations import PendingCompensation
from airflow_wfstate.store.relay import NoRelay, find_relay


def find_obstacle(connection: Connection, workflow_id: str, pending: PendingCompensation) -> str | None:
    """Why nobody could run a compensation now, in one sentence; None when nothing is known to be in the way."""
    relay = find_relay(connection, workflow_id, pending)
    if isinstance(relay, NoRelay):
        return relay.reason
    return _why_no_handler(connection, pending) or pending.why_no_output() or _why_paused(connection, relay.dag_id)


def _why_paused(connection: Connection, dag_id: str) -> str | None:
    is_paused = connection.execute(select(dag.c.is_paused).where(dag.c.dag_id == dag_id)).scalar_one_or_none()
    return f"DAG {dag_id} is paused: its relay runs when it is unpaused." if is_paused else None


def _why_no_handler(connection: Connection, pending: PendingCompensation) -> str | None:
    """A handler is found through the task that declares it, in the DAG's newest version."""
    from airflow.models.dagbag import DBDagBag

    if not pending.handler.startswith(TASK_HANDLER):
        return None
    task_id = pending.handler.removeprefix(TASK_HANDLER)
    with Session(connection) as session:
        newest = DBDagBag(load_op_links=False).get_latest_version_of_dag(pending.dag_id, session=session)
    if newest is None:
        return f"DAG {pending.dag_id} is gone, with the function that undoes step {pending.label}."
    if task_id not in newest.task_dict:
        return (
            f"DAG {pending.dag_id} has no task {task_id} any more, which declares the function that undoes step "
            f"{pending.label}."
        )
    return None
