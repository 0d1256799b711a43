"""The report of re-encrypting stored payloads."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RotatedColumn:
    """The result for the values of a payload column: for one page, or for all of them.

    :param column: ``table.column``.
    :param examined: how many values were checked.
    :param renewed: how many of them were re-encrypted with the first key.
    :param failures: one sentence per value that could not be read or written, naming the row.
    """

    column: str
    examined: int = 0
    renewed: int = 0
    failures: list[str] = field(default_factory=list)
