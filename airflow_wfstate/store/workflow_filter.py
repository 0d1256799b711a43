"""Which workflows a query means: its filters, as SQL."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Final

from sqlalchemy import ColumnElement, Exists, exists, or_, select

from airflow_wfstate.domain.workflow import WorkflowQuery
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.store import schema

_workflow: Final = schema.workflow


def conditions_of(query: WorkflowQuery) -> list[ColumnElement[bool]]:
    """What a row of ``wfstate_workflow`` must fulfil, all of it.

    :raises InvalidRequest: a time has no zone, or a run no DAG.
    """
    return [*_equalities(query), *_times(query), *_existences(query)]


def _equalities(query: WorkflowQuery) -> list[ColumnElement[bool]]:
    asked = {"name": query.name, "key": query.key, "correlation_id": query.correlation_id}
    conditions = [_workflow.c[column] == value for column, value in asked.items() if value is not None]
    if query.key_prefix is not None:
        conditions.append(_workflow.c.key.startswith(query.key_prefix, autoescape=True))
    if query.states:
        conditions.append(_workflow.c.state.in_([state.value for state in query.states]))
    return conditions


def _times(query: WorkflowQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.since is not None:
        conditions.append(_workflow.c.started_at >= _with_zone(query.since))
    if query.until is not None:
        conditions.append(_workflow.c.started_at < _with_zone(query.until))
    if query.updated_since is not None:
        conditions.append(_workflow.c.updated_at >= _with_zone(query.updated_since))
    if query.updated_until is not None:
        conditions.append(_workflow.c.updated_at < _with_zone(query.updated_until))
    return conditions


def _existences(query: WorkflowQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [_has_label(name, value) for name, value in query.labels.items()]
    if query.step_states:
        step = schema.step
        states = [state.value for state in query.step_states]
        conditions.append(
            exists(select(step.c.id).where(step.c.workflow_id == _workflow.c.id, step.c.state.in_(states)))
        )
    if query.stuck is not None:
        flagged = exists(select(schema.flag.c.kind).where(schema.flag.c.workflow_id == _workflow.c.id))
        conditions.append(flagged if query.stuck else ~flagged)
    if query.dag_id is not None:
        conditions.append(_takes_part([query.dag_id], query.run_id))
    elif query.run_id is not None:
        raise InvalidRequest("A run is named without its DAG.", "Give dag_id as well: run ids repeat between DAGs.")
    if query.readable_dag_ids is not None:
        readable = _takes_part(sorted(query.readable_dag_ids))
        conditions.append(or_(readable, ~_has_dags()) if query.includes_dagless else readable)
    return conditions


def _has_label(name: str, value: str) -> ColumnElement[bool]:
    label = schema.label
    return _workflow.c.id.in_(select(label.c.workflow_id).where(label.c.name == name, label.c.value == value))


def _takes_part(dag_ids: list[str], run_id: str | None = None) -> Exists:
    run = schema.run
    runs = select(run.c.run_id).where(run.c.workflow_id == _workflow.c.id, run.c.dag_id.in_(dag_ids))
    return exists(runs if run_id is None else runs.where(run.c.run_id == run_id))


def _has_dags() -> Exists:
    return exists(select(schema.run.c.run_id).where(schema.run.c.workflow_id == _workflow.c.id))


def _with_zone(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise InvalidRequest(f"The time {moment} has no zone.", "Give one with an offset.")
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError as error:
        raise InvalidRequest(f"The time {moment} is out of range.", "Give one between the years 1 and 9999.") from error
