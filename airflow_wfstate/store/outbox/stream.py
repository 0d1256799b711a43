"""The stream of all journals, read a page at a time: it keeps the order of each workflow, and misses no late commits.

See ``store/database/stream_position.py`` for the order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, Connection, Row, Select, exists, func, literal, select

from airflow_wfstate.domain.messages.outbox.subscription import (
    SubscriptionFilter,
)
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.stream_position import BEFORE_ALL, horizon, position_column
from airflow_wfstate.store.outbox.cursor import Cursor

_journal: Final = schema.journal
_workflow: Final = schema.workflow
_WORKFLOW: Final = (
    _workflow.c.name.label("workflow_name"),
    _workflow.c.key.label("workflow_key"),
    _workflow.c.generation.label("workflow_generation"),
    _workflow.c.correlation_id.label("workflow_correlation_id"),
)

_WINDOW: Final = 1_000
"""Transactions whose entries one statement searches at first. The index is unordered, so a page from the beginning of a
long history would otherwise sort all of it. What is not found is searched for in twice as many, and so on."""

_OVERLAP: Final = 5_000
"""Transactions that may begin while one of ours is running. One that took its id early and then waited for a workflow
to which another was writing puts the later entry under the smaller id: the search for such a pair goes this far."""

_LARGEST_PAGE: Final = 3200
"""The most entries of a page that is extended to include such a pair."""

_WINDOWS: Final = 20
"""The most statements for one page: a thousand million transactions."""


@dataclass(frozen=True)
class StreamPage:
    """Entries in the order of the stream.

    :param rows: rows of ``wfstate_journal``, with ``position`` and facts about their workflow.
    :param after: the cursor after them, and after everything that the filter left out on the way.
    :param is_end: whether nothing more can be read for now.
    """

    rows: Sequence[Row[Any]]
    after: Cursor
    is_end: bool


@dataclass(frozen=True)
class Wanted:
    """The part of the stream that a subscriber wants.

    :param since: older entries are skipped; None: none are.
    """

    filter: SubscriptionFilter
    since: datetime | None


def read_page(connection: Connection, cursor: Cursor, wanted: Wanted, limit: int) -> StreamPage:
    """The next entries after a cursor.

    The page ends before an entry whose workflow has an earlier entry after it, so that no cursor passes the later one
    first. Inside a page, the entries of a workflow may be in another order than that of their numbers.
    """
    while True:
        page = _read_page(connection, cursor, wanted, limit)
        kept = _in_order(connection, page, wanted)
        if kept == len(page.rows):
            return page
        if kept or page.is_end:  # if there is nothing at all, the earlier one may still be on its way
            last = page.rows[kept - 1] if kept else None
            after = cursor if last is None else Cursor(last.position or BEFORE_ALL, last.workflow_id, last.number)
            return StreamPage(page.rows[:kept], after, is_end=kept == 0)
        if limit >= _LARGEST_PAGE:
            return StreamPage([], cursor, is_end=True)
        limit *= 2


def _read_page(connection: Connection, cursor: Cursor, wanted: Wanted, limit: int) -> StreamPage:
    if cursor.position == BEFORE_ALL:
        old = _old_entries(connection, cursor, wanted, limit)
        if old:
            last = old[-1]
            return StreamPage(old, Cursor(BEFORE_ALL, last.workflow_id, last.number), is_end=False)
    top = horizon(connection)
    # Statements after this one see everything below, because those transactions have ended.
    begin, window = cursor, _WINDOW if connection.dialect.name == "postgresql" else top
    for _ in range(_WINDOWS):
        end = min(top, max(begin.position, 1) + window)
        rows = connection.execute(_between(connection, begin, end, wanted, limit)).all()
        if len(rows) == limit:
            last = rows[-1]
            return StreamPage(rows, Cursor(last.position, last.workflow_id, last.number), is_end=False)
        begin = begin if end <= begin.position else Cursor(end)
        if rows or end == top:
            return StreamPage(rows, begin, is_end=end == top)
        window *= 2
    return StreamPage([], begin, is_end=False)


def _in_order(connection: Connection, page: StreamPage, wanted: Wanted) -> int:
    """How many rows of the page have all earlier entries of their workflows before the page's end."""
    if connection.dialect.name != "postgresql" or not page.rows:
        return len(page.rows)
    where = position_column(connection)
    behind = _recent(
        connection,
        wanted,
        where >= page.after.position,
        where < page.after.position + _OVERLAP,
        page.after.is_before(connection),
        _journal.c.workflow_id.in_({row.workflow_id for row in page.rows}),
    )
    found = select(behind.c.workflow_id, func.min(behind.c.number).label("number")).group_by(behind.c.workflow_id)
    found = found.join(_workflow, _workflow.c.id == behind.c.workflow_id).where(*_of_workflow(wanted))
    earliest = {row.workflow_id: row.number for row in connection.execute(found)}
    for index, row in enumerate(page.rows):
        if row.number > earliest.get(row.workflow_id, row.number):
            return index
    return len(page.rows)


def read_workflow(
    connection: Connection, workflow_id: str, number: int, cursor: Cursor, wanted: Wanted, limit: int
) -> Sequence[Row[Any]]:
    """The entries of one workflow from a number on, as far as the cursor has passed them."""
    found = _entries(connection, wanted).where(
        _journal.c.workflow_id == workflow_id, _journal.c.number >= number, ~cursor.is_before(connection)
    )
    return connection.execute(found.order_by(_journal.c.number).limit(limit)).all()


def _old_entries(connection: Connection, cursor: Cursor, wanted: Wanted, limit: int) -> Sequence[Row[Any]]:
    """The entries without a position, in the order of their primary key."""
    if connection.dialect.name != "postgresql":
        return ()
    found = _entries(connection, wanted).where(
        _journal.c.transaction_id.is_(None),
        _journal.c.workflow_id >= cursor.workflow_id,
        cursor.is_before(connection),
    )
    return connection.execute(found.order_by(_journal.c.workflow_id, _journal.c.number).limit(limit)).all()


def _between(connection: Connection, begin: Cursor, end: int, wanted: Wanted, limit: int) -> Select[tuple[Any, ...]]:
    """Entries after a cursor and below a position, a condition stated twice for the index's sake."""
    where = position_column(connection)
    recent = _recent(connection, wanted, where >= begin.position, where < end, begin.is_before(connection))
    found = select(recent, *_WORKFLOW).join(_workflow, _workflow.c.id == recent.c.workflow_id)
    found = found.where(*_of_workflow(wanted))
    return found.order_by(recent.c.position, recent.c.workflow_id, recent.c.number).limit(limit)


def _recent(connection: Connection, wanted: Wanted, *conditions: ColumnElement[bool]) -> CTE:
    """Entries of a stretch of the stream, read before anything is joined to them.

    PostgreSQL underestimates the stretch, and would otherwise start with each workflow: 74 ms instead of 2 for the end
    of 300,000 entries of 200 workflows (measured).
    """
    found = select(_journal, position_column(connection).label("position")).where(*conditions, *_of_entry(wanted))
    return found.cte("recent").prefix_with("MATERIALIZED", dialect="postgresql")


def _entries(connection: Connection, wanted: Wanted) -> Select[tuple[Any, ...]]:
    return (
        select(_journal, position_column(connection).label("position"), *_WORKFLOW)
        .join(_workflow, _workflow.c.id == _journal.c.workflow_id)
        .where(*_of_entry(wanted), *_of_workflow(wanted))
    )


def _of_entry(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    yield _journal.c.kind.in_(sorted(kind.value for kind in wanted.filter.wanted_kinds()))
    if wanted.since is not None:
        yield _journal.c.at >= wanted.since


def _of_workflow(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.filter.names:
        yield _workflow.c.name.in_(wanted.filter.names)
    for name, value in wanted.filter.labels.items():
        its_label = (schema.label.c.name == name, schema.label.c.value == value)
        yield exists(
            select(literal(1)).where(schema.label.c.workflow_id == _workflow.c.id, *its_label).correlate(_workflow)
        )
