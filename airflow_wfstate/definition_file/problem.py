"""What is wrong with a definition file, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from airflow_wfstate.domain.rules.text.counted import counted
from airflow_wfstate.exceptions import InvalidDefinition

MAX_TOLD: Final = 50
"""Problems of one error; the others are counted."""

Path: TypeAlias = "tuple[str | int, ...]"
"""Where a value is: names of members and indices of items, from the outermost one."""


@dataclass(frozen=True)
class Problem:
    """One problem in a definition file.

    :param line: from 1 on.
    :param column: from 1 on, in characters.
    :param field: the path of the value (``participants.payments.events``); empty for the file as a whole.
    :param reason: what is wrong; a full sentence.
    :param remedy: what is allowed, or what to do; a full sentence.
    """

    line: int
    column: int
    field: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        return f"{self.line}:{self.column}: {field}{self.reason} {self.remedy}".rstrip()


class UnreadableDefinition(Exception):
    """The text of a definition cannot be read to its end.

    :param problems: what was found up to there.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


def shown_path(path: Path) -> str:
    """A path for people: ``plan[2]``, ``participants.payments.sources[0]``."""
    shown = ""
    for part in path:
        shown += f"[{part}]" if isinstance(part, int) else f".{part}" if shown else part
    return shown


def invalid_definition(problems: Sequence[Problem]) -> InvalidDefinition:
    """The error that tells of all problems, a line for each."""
    told = [str(problem) for problem in problems[:MAX_TOLD]]
    if len(problems) > MAX_TOLD:
        told.append(f"and {len(problems) - MAX_TOLD} more")
    return InvalidDefinition(
        "\n".join([f"The definition has {counted(len(problems), 'error')} (line:column: field: reason):", *told]),
        "Correct the file, and check it with: airflow wfstate definitions lint FILE",
    )
