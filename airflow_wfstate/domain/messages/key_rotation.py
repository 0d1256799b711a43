"""What a rotation of the keys of encrypted payloads did."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RotatedColumn:
    """What became of values of a column of payloads: of a page of them, or of all.

    :param column: ``table.column``.
    :param examined: how many values these are.
    :param renewed: how many of them were written anew, under the first key.
    :param failures: of values that could not be read or written, each in one sentence that names the row.
    """

    column: str
    examined: int = 0
    renewed: int = 0
    failures: list[str] = field(default_factory=list)
