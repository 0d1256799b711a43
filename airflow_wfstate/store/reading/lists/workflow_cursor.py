"""Where a page of a list of workflows begins: after the last row of the previous page, in the order of the list."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Row, UnaryExpression, and_, or_

from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery, WorkflowSort
from airflow_wfstate.domain.rules.text.names import storable_text
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.store.database import schema

_workflow: Final = schema.workflow

Value = TypeVar("Value")

_MAY_DIFFER: Final = frozenset(
    (
        *("limit", "cursor", "with_total", "readable_dag_ids", "includes_dagless"),
        # A position is valid in any window: "the last 24 hours" differs in each request.
        *("since", "until", "updated_since", "updated_until"),
    )
)
"""Fields of a query that may differ from page to page."""


def order_of(
    sort: WorkflowSort, instead: ColumnElement[Any] | None = None
) -> tuple[UnaryExpression[Any], UnaryExpression[Any]]:
    """The columns to order by: that of the sort, then the id.

    :param instead: another column with the same values, to use in place of that of the sort.
    """
    own, is_descending = _column(sort)
    column = own if instead is None else instead
    if is_descending:
        return column.desc(), _workflow.c.id.desc()
    return column.asc(), _workflow.c.id.asc()


def behind(query: WorkflowQuery, instead: ColumnElement[Any] | None = None) -> ColumnElement[bool] | None:
    """The condition for rows after the query's cursor; None when it has none.

    :param instead: as for :func:`order_of`.
    :raises InvalidRequest: the cursor was not issued by this server, or for a list with other filters or order.
    """
    if query.cursor is None:
        return None
    value, workflow_id = parse_position(query, parse_moment if _column(query.sort)[0].name.endswith("_at") else _text)
    own, is_descending = _column(query.sort)
    column = own if instead is None else instead
    further = column < value if is_descending else column > value
    further_id = _workflow.c.id < workflow_id if is_descending else _workflow.c.id > workflow_id
    return or_(further, and_(column == value, further_id))


def cursor_behind(row: Row[Any], query: WorkflowQuery) -> str:
    """The cursor of the page that begins after a row."""
    value = getattr(row, _column(query.sort)[0].name)
    return encode_position(query, value.isoformat() if isinstance(value, datetime) else value, row.id)


def encode_position(query: WorkflowQuery, value: object, workflow_id: str) -> str:
    """The cursor of the page that begins after this value, which JSON can represent, and this id."""
    text = json.dumps([_fingerprint(query), value, workflow_id], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _column(sort: WorkflowSort) -> tuple[Column[Any], bool]:
    return _workflow.c[sort.value.removeprefix("-")], sort.value.startswith("-")


def _fingerprint(query: WorkflowQuery) -> str:
    """Distinguishes lists with different filters or order."""
    asked = {name: value for name, value in asdict(query).items() if name not in _MAY_DIFFER}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()[:16]


def parse_position(query: WorkflowQuery, parse_value: Callable[[Any], Value]) -> tuple[Value, str]:
    """The value and the id after which the query's page begins.

    :param parse_value: converts the JSON value; raises ValueError or TypeError for one that this server never writes.
    :raises InvalidRequest: as for :func:`behind`.
    """
    cursor = query.cursor or ""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        fingerprint, written, workflow_id = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        value = parse_value(written)
        if str(UUID(workflow_id)) != workflow_id:
            raise ValueError("not an id as we write it")
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidRequest(
            "The cursor was not issued by this server.", "Give the next cursor of the previous page, or leave it out."
        ) from error
    if fingerprint != _fingerprint(query):
        raise InvalidRequest(
            "The cursor belongs to a list with other filters or another order.",
            "Request every page with the same filters and order; only times and limit may differ.",
        )
    return value, workflow_id


def _text(text: str) -> str:
    if storable_text(text) != text:
        raise ValueError("a text that no table holds")
    return text


def parse_moment(text: str) -> datetime:
    """A time in a cursor, in UTC.

    :raises ValueError: it is not a time, has no zone or is out of range.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError as error:  # year 1 or 9999, with an offset
        raise ValueError("a time out of range") from error
