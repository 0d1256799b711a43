"""Setting runs going again: their tasks are cleared, and they become running.

Only where Airflow's ORM may be used: in the api-server and the command line, never in a worker.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

_CHUNK: Final = 500
"""Ids in one statement: SQLite allows 999 parameters where it is old."""


def set_going(session: Session, task_instance_ids: list[str], dag_run_ids: list[int]) -> None:
    """Clear these tasks, and let these runs go on, in the transaction of the session.

    The runs become RUNNING, not QUEUED, so that max_active_runs does not hold them. Each keeps the version of the DAG
    that it has.

    :param dag_run_ids: of all runs that go on, also of those without a task that is cleared.
    """
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance, clear_task_instances
    from airflow.utils.state import DagRunState, State

    tasks: list[TaskInstance] = []
    for start in range(0, len(task_instance_ids), _CHUNK):
        chunk = [UUID(task_instance_id) for task_instance_id in task_instance_ids[start : start + _CHUNK]]
        tasks += session.scalars(select(TaskInstance).where(TaskInstance.id.in_(chunk)))
    clear_task_instances(tasks, session, dag_run_state=DagRunState.RUNNING)
    for run in session.scalars(select(DagRun).where(DagRun.id.in_(dag_run_ids))):
        if run.state in State.finished_dr_states:
            run.state = DagRunState.RUNNING
            run.clear_number += 1
        run.last_scheduling_decision = None  # the scheduler takes it first
    session.flush()
