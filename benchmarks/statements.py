"""What a call asks of the database: how many statements, and how many rows they return or change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event


@dataclass
class Statements:
    """Of one call.

    :param count: sent; a statement that is sent for many sets of parameters counts once for each set.
    :param rows: returned or changed.
    """

    count: int = 0
    rows: int = 0


@contextmanager
def statements(engine: Engine) -> Iterator[Statements]:
    """Count what is sent by an engine, by SQLAlchemy or by its raw connections' cursors, within the block."""
    found = Statements()

    # The event's arguments are SQLAlchemy's own: the driver's cursor and parameters have no common type.
    def count(_connection: Any, cursor: Any, _statement: Any, parameters: Any, _context: Any, many: bool) -> None:
        found.count += len(parameters) if many else 1
        found.rows += max(cursor.rowcount, 0)

    event.listen(engine, "after_cursor_execute", count)
    try:
        yield found
    finally:
        event.remove(engine, "after_cursor_execute", count)
