"""How many statements a call makes, and how many rows it fetches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, event
from sqlalchemy.engine.cursor import CursorFetchStrategy


@dataclass
class CountedReads:
    """The counts.

    :param statements: the text of each statement, in order.
    :param rows: number of rows fetched.
    :param characters: number of characters of all texts in those rows.
    """

    statements: list[str] = field(default_factory=list)
    rows: int = 0
    characters: int = 0

    @property
    def cost(self) -> tuple[int, int]:
        """The numbers of statements and rows."""
        return len(self.statements), self.rows

    def add(self, rows: list[Any]) -> None:
        """Count rows."""
        self.rows += len(rows)
        self.characters += sum(len(value) for row in rows for value in row if isinstance(value, str))


@contextmanager
def counted_reads(engine: Engine) -> Iterator[CountedReads]:
    """Count what this engine does inside the block. Rows of any engine are counted, so nothing else may run."""
    counted = CountedReads()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        counted.statements.append(statement)

    def counting(fetch: Any) -> Any:
        def counted_fetch(self: Any, *arguments: Any, **options: Any) -> Any:
            found = fetch(self, *arguments, **options)
            counted.add(found if isinstance(found, list) else [] if found is None else [found])
            return found

        return counted_fetch

    event.listen(engine, "before_cursor_execute", note)
    try:
        with (
            patch.object(CursorFetchStrategy, "fetchall", counting(CursorFetchStrategy.fetchall)),
            patch.object(CursorFetchStrategy, "fetchone", counting(CursorFetchStrategy.fetchone)),
            patch.object(CursorFetchStrategy, "fetchmany", counting(CursorFetchStrategy.fetchmany)),
        ):
            yield counted
    finally:
        event.remove(engine, "before_cursor_execute", note)
