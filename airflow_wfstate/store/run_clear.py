"""Setting runs going again: their tasks are cleared, and they become running.

Only where Airflow's ORM may be used: in the api-server and the command line, never in a worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from airflow_wfstate.store.run_code import is_versioned, move_to_latest

if TYPE_CHECKING:
    from airflow.models.dagbag import DBDagBag

_CHUNK: Final = 500
"""Ids in one statement: SQLite allows 999 parameters where it is old."""


def set_going(
    session: Session,
    dag_bag: DBDagBag,
    task_instance_ids: list[str],
    dag_run_ids: list[int],
    latest_dag_run_ids: set[int],
) -> None:
    """Clear these tasks, and let these runs go on, in the transaction of the session.

    The runs become RUNNING, not QUEUED, so that max_active_runs does not hold them.

    :param dag_run_ids: of all runs that go on, also of those without a task that is cleared.
    :param latest_dag_run_ids: of those that get the newest version of their DAG and bundle; the others keep theirs.
    """
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance, clear_task_instances
    from airflow.utils.state import DagRunState, State

    runs = {run.id: run for run in session.scalars(select(DagRun).where(DagRun.id.in_(dag_run_ids)))}
    latest = {(run.dag_id, run.run_id) for run in runs.values() if run.id in latest_dag_run_ids and is_versioned(run)}
    tasks: list[TaskInstance] = []
    for start in range(0, len(task_instance_ids), _CHUNK):
        chunk = [UUID(task_instance_id) for task_instance_id in task_instance_ids[start : start + _CHUNK]]
        tasks += session.scalars(select(TaskInstance).where(TaskInstance.id.in_(chunk)))
    for on_latest in (False, True):
        of_these = [task for task in tasks if ((task.dag_id, task.run_id) in latest) is on_latest]
        clear_task_instances(of_these, session, dag_run_state=DagRunState.RUNNING, run_on_latest_version=on_latest)
    for run in runs.values():
        if run.state in State.finished_dr_states:
            run.state = DagRunState.RUNNING
            run.clear_number += 1
        if (run.dag_id, run.run_id) in latest:
            move_to_latest(session, dag_bag, run)
        run.last_scheduling_decision = None  # the scheduler takes it first
    session.flush()
