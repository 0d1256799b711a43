"""The DAGs that start workflows of a name, and their runs that have not done so yet.

Known DAGs are those that have started a workflow of that name before, and those with a run waiting to start one.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Select, func, or_, select

from airflow_wfstate.domain.messages.starting_dag import ListStartingDags, StartingDag, StartingDags
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.text.names import storable_text
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import (
    FINISHED_TASK_STATES,
    START_OPERATOR,
    UNFINISHED_RUN_STATES,
    dag,
    dag_run,
    task_instance,
)

_NEWEST: Final = 100
"""Workflows of the name whose DAGs are considered."""

_MOST_DAGS: Final = 20
"""DAGs with waiting starts whose code is checked."""

_NAMED_RUNS: Final = 5


def list_starting_dags(connection: Connection, asked: ListStartingDags) -> StartingDags:
    """The DAGs, as described at ``StateBackend.list_starting_dags``."""
    name = storable_text(asked.name)
    started = _started_before(name)
    waiting = _waiting().with_only_columns(task_instance.c.dag_id).distinct().limit(_MOST_DAGS)
    if asked.readable_dag_ids is not None:
        readable = sorted(asked.readable_dag_ids)
        started = started.where(schema.run.c.dag_id.in_(readable))
        waiting = waiting.where(task_instance.c.dag_id.in_(readable))
    found: set[str] = set(connection.execute(started).scalars())
    others = [dag_id for dag_id in connection.scalars(waiting) if dag_id not in found]
    found |= {dag_id for dag_id in others if _starts(connection, dag_id, name)}
    return StartingDags([_describe(connection, dag_id) for dag_id in sorted(found)])


def _started_before(name: str) -> Select[Any]:
    newest = (
        select(schema.workflow.c.id)
        .where(schema.workflow.c.name == name)
        .order_by(schema.workflow.c.started_at.desc())
        .limit(_NEWEST)
    ).subquery()
    run = schema.run
    return (
        select(run.c.dag_id)
        .join(newest, newest.c.id == run.c.workflow_id)
        .where(run.c.role == RunRole.OWNER)
        .distinct()
    )


def _waiting() -> Select[Any]:
    """Tasks that will start a workflow, in runs that Airflow has not finished."""
    return (
        select(task_instance.c.run_id)
        .join_from(
            task_instance,
            dag_run,
            (dag_run.c.dag_id == task_instance.c.dag_id) & (dag_run.c.run_id == task_instance.c.run_id),
        )
        .where(
            dag_run.c.state.in_(UNFINISHED_RUN_STATES),
            task_instance.c.operator == START_OPERATOR,
            or_(task_instance.c.state.is_(None), task_instance.c.state.not_in(FINISHED_TASK_STATES)),
        )
    )


def _starts(connection: Connection, dag_id: str, name: str) -> bool:
    """Whether a task of the DAG's newest version starts workflows of this name."""
    # Airflow's ORM is imported only here, because a worker must not load it.
    from airflow.models.serialized_dag import SerializedDagModel
    from sqlalchemy.orm import Session

    with Session(connection) as session:
        serialized = SerializedDagModel.get_dag(dag_id, session=session)
    tasks = [] if serialized is None else serialized.task_dict.values()
    return any(task.task_type == START_OPERATOR and getattr(task, "name", None) == name for task in tasks)


def _describe(connection: Connection, dag_id: str) -> StartingDag:
    of_dag = _waiting().where(task_instance.c.dag_id == dag_id)
    waiting = connection.execute(of_dag.with_only_columns(func.count())).scalar_one()
    oldest = connection.scalars(of_dag.order_by(dag_run.c.id).limit(_NAMED_RUNS)) if waiting else ()
    is_paused = connection.execute(select(dag.c.is_paused).where(dag.c.dag_id == dag_id)).scalar_one_or_none()
    return StartingDag(dag_id, bool(is_paused), waiting, list(oldest))
