"""Count what a call sends to the database: the statements, and the rows they return or change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event


@dataclass
class Statements:
    """The counts of one call.

    :param count: statements sent; one that is sent with many sets of parameters counts once per set.
    :param rows: rows returned or changed.
    """

    count: int = 0
    rows: int = 0


@contextmanager
def statements(engine: Engine) -> Iterator[Statements]:
    """Count what an engine sends within the block, through SQLAlchemy or the cursors of its raw connections."""
    found = Statements()

    # SQLAlchemy defines the arguments: the drivers' cursors and parameters have no common type.
    def count(_connection: Any, cursor: Any, _statement: Any, parameters: Any, _context: Any, many: bool) -> None:
        found.count += len(parameters) if many else 1
        found.rows += max(cursor.rowcount, 0)

    event.listen(engine, "after_cursor_execute", count)
    try:
        yield found
    finally:
        event.remove(engine, "after_cursor_execute", count)
