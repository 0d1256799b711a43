"""The filters of a workflow query, as SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, exists, literal, or_, select

from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.labels import check_label_filter
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.reading.lists.flag_conditions import has_flag
from airflow_wfstate.store.reading.lists.text_search import text_conditions

_workflow: Final = schema.workflow


_FEW: Final = 2000
"""Runs whose workflows are named by their ids in a statement; SQLite accepts 32,766 parameters."""


def conditions_of(
    connection: Connection,
    query: WorkflowQuery,
    readable_ids: Sequence[str] | None = None,
    *,
    of_first_rows: bool = False,
) -> list[ColumnElement[bool]]:
    """The conditions that a row of ``wfstate_workflow`` must all satisfy.

    :param readable_ids: as returned by :func:`few_readable`; None to check the DAGs of each workflow instead.
    :param of_first_rows: whether only the first rows in some order are read, as for a page.
    :raises InvalidRequest: a time has no zone, a run no DAG, there are too many labels, or a text is too short.
    """
    return [
        *_equalities(query),
        *_times(query),
        *_existences(query),
        *_readable(query, readable_ids),
        *text_conditions(connection, query, of_first_rows=of_first_rows),
    ]


def few_readable(connection: Connection, query: WorkflowQuery) -> list[str] | None:
    """The workflows in which a readable DAG takes part, if they are few; None if they are many, or all.

    Given their ids, PostgreSQL starts with them. Otherwise it may walk all workflows in a state and check the DAGs of
    each: a page of failed ones among a million, for a user of one DAG, took 90 to 300 ms.
    """
    if query.readable_dag_ids is None:
        return None
    of_dags = select(schema.run.c.workflow_id).where(schema.run.c.dag_id.in_(sorted(query.readable_dag_ids)))
    # Checking for one run more than the limit walks a bounded part of an index, whoever asks.
    if connection.execute(of_dags.offset(_FEW).limit(1)).one_or_none() is not None:
        return None
    return sorted(set(connection.execute(of_dags).scalars()))


def simplified(connection: Connection, query: WorkflowQuery) -> WorkflowQuery:
    """The query without conditions that make no difference now.

    PostgreSQL finds the workflows of some DAGs through an index, unless the query also wants others: a page of a
    million then took 1.1 s instead of 0.02 (measured).
    """
    if not query.includes_dagless:
        return query
    without_dag = select(_workflow.c.id).where(~_workflow.c.has_dag).limit(1)
    return replace(query, includes_dagless=connection.execute(without_dag).one_or_none() is not None)


def _equalities(query: WorkflowQuery) -> list[ColumnElement[bool]]:
    asked = {"name": query.name, "key": query.key, "correlation_id": query.correlation_id}
    conditions = [_workflow.c[column] == value for column, value in asked.items() if value is not None]
    if query.key_prefix is not None:
        conditions.append(_workflow.c.key.startswith(query.key_prefix, autoescape=True))
    if query.search is not None:
        searched = (_workflow.c.key, _workflow.c.correlation_id)
        conditions.append(or_(*(column.startswith(query.search, autoescape=True) for column in searched)))
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
    check_label_filter(query.labels)
    # With one EXISTS each, PostgreSQL can start with the rarest label, or stop when the page is full: 0.5 to 5 ms among
    # 300,000 workflows, and 140 ms for 20 labels. One grouped subquery reads every row of each: 230 to 3,300 ms
    # (measured).
    conditions = [_has(schema.label, name=name, value=value) for name, value in query.labels.items()]
    if query.step_states:
        conditions.append(_has(schema.step, state=[state.value for state in query.step_states]))
    if query.stuck is not None:
        conditions.append(has_flag() if query.stuck else ~has_flag())
    if query.dag_id is not None:
        at = {} if query.run_id is None else {"run_id": query.run_id}
        conditions.append(_has(schema.run, dag_id=query.dag_id, **at))
    elif query.run_id is not None:
        raise InvalidRequest("A run is given without its DAG.", "Give dag_id as well: run ids repeat between DAGs.")
    return conditions


def _readable(query: WorkflowQuery, readable_ids: Sequence[str] | None) -> list[ColumnElement[bool]]:
    if query.readable_dag_ids is None:
        return []
    if readable_ids is None:
        readable = _has(schema.run, dag_id=sorted(query.readable_dag_ids))
    else:
        readable = _workflow.c.id.in_(readable_ids)
    return [or_(readable, ~_workflow.c.has_dag) if query.includes_dagless else readable]


def _has(table: Table, **columns: str | list[str]) -> ColumnElement[bool]:
    """Whether a row of another table belongs to the workflow and has this value, or one of these, in each column."""
    wanted = [
        table.c[name].in_(value) if isinstance(value, list) else table.c[name] == value
        for name, value in columns.items()
    ]
    return exists(select(literal(1)).where(table.c.workflow_id == _workflow.c.id, *wanted).correlate(_workflow))


def _with_zone(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise InvalidRequest(f"The time {moment} has no zone.", "Give it with an offset.")
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError as error:
        raise InvalidRequest(f"The time {moment} is out of range.", "Give a time in the years 1 to 9999.") from error
