"""How the steps that a workflow has done differ from those that the code declares with which it goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from airflow_wfstate.exceptions import InvalidRequest

MAX_DECISIONS: Final = 1000
"""Renames, and new steps, of one resume: as many as a plan has entries."""


class StepFate(str, Enum):
    """What becomes of a step that no task declares any more.

    ``renamed``: it goes on under another name; ``stays``: it is done, and stays so; ``closed``: it was not done, and is
    closed as skipped; ``undecided``: a person must say first whether it was renamed.
    """

    RENAMED = "renamed"
    STAYS = "stays"
    CLOSED = "closed"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class UndeclaredStep:
    """A step that has begun, and that no task of the code which is used declares.

    :param step: as ``participant.step``, for all of its items.
    :param task_id: of the task that did it.
    :param items: how many there are; 1 for a step that is not mapped.
    :param renamed_to: its new name; None unless it is renamed.
    """

    step: str
    task_id: str
    items: int
    fate: StepFate
    renamed_to: str | None = None


@dataclass(frozen=True)
class NewStep:
    """A step that the code which is used declares, and that of the run did not.

    :param step: as ``participant.step``.
    :param task_id: of the task that will do it.
    :param renamed_from: the step that goes on under this name, as ``participant.step``, because a rename was asked
        for; None for one that nobody has said to be another.
    """

    step: str
    task_id: str
    renamed_from: str | None = None


def check_decisions(renames: Collection[str], new_steps: Collection[str]) -> None:
    """Check how many steps an operator decides about at once.

    :raises InvalidRequest: they are more than :data:`MAX_DECISIONS`.
    """
    for kind, count in (("renames", len(renames)), ("new steps", len(new_steps))):
        if count > MAX_DECISIONS:
            raise InvalidRequest(f"There are {count} {kind}.", f"Give at most {MAX_DECISIONS}.")


def parse_renames(texts: Iterable[str]) -> dict[str, str]:
    """Renames as people write them, each ``old=new``.

    :raises InvalidRequest: one is not of that form, or two are about one step.
    """
    found: dict[str, str] = {}
    for text in texts:
        old, sign, new = text.partition("=")
        if not (old and sign and new):
            raise InvalidRequest(f"{text[:80]!r} is no rename.", "Write it as old=new.")
        if found.setdefault(old, new) != new:
            raise InvalidRequest(f"Step {old[:80]!r} is renamed twice.", "Give one new name.")
    return found
