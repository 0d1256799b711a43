"""A task that Airflow does not schedule because of an earlier run of its DAG.

``depends_on_past`` and ``wait_for_downstream`` are declared in the DAG, and Airflow decides what they mean. So we ask
Airflow's models, if the process may read them. A worker's database role may not; no dependency is reported then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance

_WELL = ("success", "skipped")


@dataclass(frozen=True)
class PastDependency:
    """The earlier task that a task waits for.

    :param run_id: the earlier run.
    :param option: the task's option: ``depends_on_past`` or ``wait_for_downstream``.
    :param awaited: the task of the earlier run that is not done; its state is None when it does not exist.
    """

    task_id: str
    run_id: str
    option: str
    awaited: str
    state: str | None


def past_dependency(connection: Connection, dag_id: str, run_id: str) -> PastDependency | None:
    """The first dependency on an earlier run in a run; None when there is none, or it cannot be determined.

    Changes nothing, and a failed read does not break the caller's transaction.
    """
    from airflow.models.dagrun import DagRun

    try:
        with connection.begin_nested(), Session(connection, autoflush=False) as session:
            run = session.scalars(select(DagRun).filter_by(dag_id=dag_id, run_id=run_id)).one_or_none()
            return None if run is None else _first(session, run)
    except SQLAlchemyError:
        return None


def _first(session: Session, run: DagRun) -> PastDependency | None:
    from airflow.models.dagbag import DBDagBag
    from airflow.models.taskinstance import TaskInstance
    from airflow.ti_deps.dep_context import DepContext
    from airflow.ti_deps.deps.prev_dagrun_dep import PrevDagrunDep

    dag = DBDagBag(load_op_links=False).get_dag_for_run(run, session)
    if dag is None:
        return None
    waiting = (
        select(TaskInstance)
        .where(TaskInstance.dag_id == run.dag_id, TaskInstance.run_id == run.run_id, TaskInstance.state.is_(None))
        .order_by(TaskInstance.task_id, TaskInstance.map_index)
    )
    for ti in session.scalars(waiting):
        task: Any = dag.task_dict.get(ti.task_id)
        if task is None or not task.depends_on_past:
            continue
        ti.task = task
        if all(
            status.passed for status in PrevDagrunDep().get_dep_statuses(ti, dep_context=DepContext(), session=session)
        ):
            continue
        earlier = _earlier_run(run, catchup=dag.catchup, session=session)
        if earlier is not None:
            return _described(session, ti, task, earlier)
    return None


def _earlier_run(run: DagRun, *, catchup: bool, session: Session) -> DagRun | None:
    """The earlier run that Airflow compares with."""
    from airflow.models.dagrun import DagRun

    if catchup:
        return DagRun.get_previous_scheduled_dagrun(run.id, session=session)
    return DagRun.get_previous_dagrun(run, session=session)


def _described(session: Session, ti: TaskInstance, task: Any, earlier: DagRun) -> PastDependency:
    from airflow.models.taskinstance import TaskInstance

    states: dict[str, str | None] = {}
    query = select(TaskInstance.task_id, TaskInstance.state).filter_by(dag_id=earlier.dag_id, run_id=earlier.run_id)
    for row in session.execute(query.order_by(TaskInstance.task_id)):
        if states.get(row.task_id, "success") in _WELL:  # for a mapped task, keeps one that is not done
            states[row.task_id] = row.state
    if states.get(ti.task_id) in _WELL:
        for below in sorted(task.downstream_task_ids):
            if below in states and states[below] not in _WELL:
                return PastDependency(ti.task_id, earlier.run_id, "wait_for_downstream", below, states[below])
    return PastDependency(ti.task_id, earlier.run_id, "depends_on_past", ti.task_id, states.get(ti.task_id))
