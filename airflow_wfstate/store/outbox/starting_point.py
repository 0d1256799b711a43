"""Convert a starting point given by a user to the cursor before it."""

from __future__ import annotations

from datetime import datetime, timezone

from sqlalchemy import Connection, func, select

from airflow_wfstate.domain.rules.webhooks.stream_point import Edge, Entry, parse_stream_point
from airflow_wfstate.exceptions import NotFound
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.stream_position import (
    BEFORE_ALL,
    forget_foreign_positions,
    horizon,
    position_column,
)
from airflow_wfstate.store.outbox.cursor import BEGINNING, Cursor

_journal = schema.journal


def cursor_at(connection: Connection, text: str) -> tuple[Cursor, datetime | None]:
    """The cursor before a point, and the time before which entries after it are skipped (None: none are).

    :raises InvalidRequest: the text is not a valid point.
    :raises NotFound: there is no such entry.
    """
    point = parse_stream_point(text)
    forget_foreign_positions(connection)
    if isinstance(point, Edge):
        return (BEGINNING if point.is_beginning else Cursor(horizon(connection))), None
    if isinstance(point, Entry):
        return _before_entry(connection, point), None
    at = point.at.astimezone(timezone.utc)
    return _before_time(connection, at), at


def _before_entry(connection: Connection, entry: Entry) -> Cursor:
    found = connection.execute(
        select(func.coalesce(position_column(connection), BEFORE_ALL)).where(
            _journal.c.workflow_id == entry.workflow_id, _journal.c.number == entry.number
        )
    ).scalar_one_or_none()
    if found is None:
        raise NotFound(
            f"There is no journal entry {entry.workflow_id}:{entry.number}.",
            f"List the workflow's entries with: airflow wfstate journal {entry.workflow_id}",
        )
    return Cursor(found, entry.workflow_id, entry.number - 1)


def _before_time(connection: Connection, at: datetime) -> Cursor:
    """The cursor before the first transaction that wrote an entry at this time or later.

    No index helps here: it reads the journal.
    """
    where = position_column(connection)
    found = connection.execute(
        select(func.min(func.coalesce(where, BEFORE_ALL))).where(_journal.c.at >= at)
    ).scalar_one()
    return Cursor(horizon(connection)) if found is None else Cursor(found)
