"""Setting runs going again: their tasks are cleared, and they become running.

Only where Airflow's ORM may be used: in the api-server and the command line, never in a worker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from airflow_wfstate.store.database.transaction import Contention
from airflow_wfstate.store.runs.code import is_versioned, move_to_latest

if TYPE_CHECKING:
    from airflow.models.dagbag import DBDagBag
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance

_CHUNK: Final = 500
"""Ids in one statement: SQLite allows 999 parameters where it is old."""


def set_going(
    session: Session,
    dag_bag: DBDagBag,
    task_states: Mapping[str, str | None],
    run_states: Mapping[int, str | None],
    latest_dag_run_ids: set[int],
) -> None:
    """Clear these tasks, and let these runs go on, in the transaction of the session.

    The runs become RUNNING, not QUEUED, so that max_active_runs does not hold them. Airflow takes some five statements
    to clear a task: the runs themselves are locked only when all tasks but one of each are cleared. (The spans of those
    tasks stay in the trace of before.)

    :param task_states: of the tasks to clear, by task instance id, as they were read.
    :param run_states: of all runs that go on, by primary key, as they were read; also of those without a task that is
        cleared.
    :param latest_dag_run_ids: of those that get the newest version of their DAG and bundle; the others keep theirs.
    :raises Contention: a task or a run has changed since it was read.
    """
    from airflow.models.taskinstance import clear_task_instances
    from airflow.utils.state import DagRunState, State

    runs = {run.id: run for run in _read_runs(session, run_states)}
    latest = {(run.dag_id, run.run_id) for run in runs.values() if run.id in latest_dag_run_ids and is_versioned(run)}
    tasks = _read_tasks(session, task_states)
    last_of_run = {(task.dag_id, task.run_id): task for task in tasks}
    others = [task for task in tasks if last_of_run[task.dag_id, task.run_id] is not task]
    try:
        for on_latest in (False, True):
            of_these = [task for task in others if ((task.dag_id, task.run_id) in latest) is on_latest]
            clear_task_instances(of_these, session, dag_run_state=False, run_on_latest_version=on_latest)
        _lock_runs(session, run_states)
        for on_latest in (False, True):
            of_these = [task for key, task in last_of_run.items() if (key in latest) is on_latest]
            clear_task_instances(of_these, session, dag_run_state=DagRunState.RUNNING, run_on_latest_version=on_latest)
        for run in runs.values():
            if run.state in State.finished_dr_states:
                run.state = DagRunState.RUNNING
                run.clear_number += 1
            if (run.dag_id, run.run_id) in latest:
                move_to_latest(session, dag_bag, run)
            run.last_scheduling_decision = None  # the scheduler takes it first
        session.flush()
    except StaleDataError as error:
        raise Contention("a task of the workflow's runs was cleared at this moment") from error


def _read_runs(session: Session, states: Mapping[int, str | None]) -> Iterable[DagRun]:
    from airflow.models.dagrun import DagRun

    ids = list(states)
    for start in range(0, len(ids), _CHUNK):
        yield from session.scalars(select(DagRun).where(DagRun.id.in_(ids[start : start + _CHUNK])))


def _read_tasks(session: Session, states: Mapping[str, str | None]) -> list[TaskInstance]:
    from airflow.models.taskinstance import TaskInstance

    ids = [UUID(task_instance_id) for task_instance_id in states]
    tasks: list[TaskInstance] = []
    for start in range(0, len(ids), _CHUNK):
        tasks += session.scalars(select(TaskInstance).where(TaskInstance.id.in_(ids[start : start + _CHUNK])))
    if len(tasks) < len(ids) or any(task.state != states[str(task.id)] for task in tasks):
        raise Contention("tasks of the workflow's runs have changed at this moment")
    return tasks


def _lock_runs(session: Session, states: Mapping[int, str | None]) -> None:
    """Wait for the scheduler when it is at one of the runs, and keep it away until the transaction ends."""
    from airflow.models.dagrun import DagRun

    ids = sorted(states)
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        locked = session.execute(
            select(DagRun.id, DagRun.state).where(DagRun.id.in_(chunk)).order_by(DagRun.id).with_for_update()
        ).all()
        if len(locked) < len(chunk) or any(row.state != states[row.id] for row in locked):
            raise Contention("a run of the workflow has changed at this moment")
