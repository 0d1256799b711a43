"""Lists sorted by last progress. No index is in that order, since it would keep every update from being HOT.

Working workflows are few, and get sorted. For the others, ``settled_at`` equals ``updated_at``, and has an index. So a
page takes the best of the first rows of each. With a million workflows, 10,000 of them working, that took 15 ms instead
of 300 (PostgreSQL, measured).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select, union_all

from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery, WorkflowSort
from airflow_wfstate.domain.rules.states import WORKING_WORKFLOW_STATES
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.reading.lists.workflow_cursor import behind, order_of

_workflow: Final = schema.workflow

SORTS: Final = (WorkflowSort.LAST_CHANGED, WorkflowSort.FIRST_CHANGED)


def is_on_page(query: WorkflowQuery, conditions: Sequence[ColumnElement[bool]], limit: int) -> ColumnElement[bool]:
    """Whether a workflow is among the first ``limit`` that satisfy the conditions, working or settled.

    :param query: in one of the orders :data:`SORTS`.
    """
    at_work = _workflow.c.state.in_([state.value for state in WORKING_WORKFLOW_STATES])
    first_at_work = _first(query, [*conditions, at_work], _workflow.c.updated_at, limit)
    first_settled = _first(query, [*conditions, _workflow.c.settled_at.is_not(None)], _workflow.c.settled_at, limit)
    return _workflow.c.id.in_(union_all(first_at_work, first_settled))


def _first(
    query: WorkflowQuery, conditions: Sequence[ColumnElement[bool]], column: ColumnElement[Any], limit: int
) -> Select[tuple[str]]:
    statement = select(_workflow.c.id).where(*conditions).order_by(*order_of(query.sort, column)).limit(limit)
    if (further := behind(query, column)) is not None:
        statement = statement.where(further)
    found = statement.correlate(None).subquery()
    return select(found.c.id)
