"""Restart runs: clear their tasks and make them running.

Only for processes that may use Airflow's ORM: the api-server and the command line, never a worker.
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
"""Ids per statement: old SQLite allows 999 parameters."""


def restart_runs(
    session: Session,
    dag_bag: DBDagBag,
    task_states: Mapping[str, str | None],
    run_states: Mapping[int, str | None],
    latest_dag_run_ids: set[int],
) -> None:
    """Clear these tasks and let these runs continue, in the transaction of the session.

    The runs become RUNNING, not QUEUED, so that max_active_runs does not delay them. Airflow takes some five statements
    to clear a task, so the runs are only locked once all tasks but one of each are cleared. (The spans of those tasks
    stay in the earlier trace.)

    :param task_states: states of the tasks to clear, by task instance id, as they were read.
    :param run_states: states of all continuing runs, by primary key, as they were read; including runs none of whose
        tasks is cleared.
    :param latest_dag_run_ids: the runs that get the newest version of their DAG and bundle; the others keep theirs.
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
            run.last_scheduling_decision = None  # makes the scheduler take it first
        session.flush()
    except StaleDataError as error:
        raise Contention("a task of the workflow's runs has just been cleared") from error


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
        raise Contention("tasks of the workflow's runs have just changed")
    return tasks


def _lock_runs(session: Session, states: Mapping[int, str | None]) -> None:
    """Wait until the scheduler is done with these runs, and keep it away until the transaction ends."""
    from airflow.models.dagrun import DagRun

    ids = sorted(states)
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        locked = session.execute(
            select(DagRun.id, DagRun.state).where(DagRun.id.in_(chunk)).order_by(DagRun.id).with_for_update()
        ).all()
        if len(locked) < len(chunk) or any(row.state != states[row.id] for row in locked):
            raise Contention("a run of the workflow has just changed")
