"""How the steps that a workflow has begun differ from those that the code in use declares."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from airflow_wfstate.exceptions import InvalidRequest

MAX_DECISIONS: Final = 1000
"""The most renames and new steps in one resume: the same as the most entries in a plan."""


class StepFate(str, Enum):
    """What happens to a step that no task declares any more.

    ``renamed``: it continues under another name. ``stays``: it is done, and stays done. ``closed``: it was not done,
    and is closed as skipped. ``undecided``: someone must first say whether it was renamed.
    """

    RENAMED = "renamed"
    STAYS = "stays"
    CLOSED = "closed"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class UndeclaredStep:
    """A step that has begun, but that no task of the code in use declares.

    :param step: ``participant.step``, for all of its items.
    :param task_id: id of the task that executed it.
    :param items: its number of items; 1 for a step that is not mapped.
    :param renamed_to: its new name; None unless it is renamed.
    """

    step: str
    task_id: str
    items: int
    fate: StepFate
    renamed_to: str | None = None


@dataclass(frozen=True)
class NewStep:
    """A step that the code in use declares, but the code of the run did not.

    :param step: ``participant.step``.
    :param task_id: id of the task that will execute it.
    :param renamed_from: the step that continues under this name, as ``participant.step``, because a rename was
        requested; None without a rename.
    """

    step: str
    task_id: str
    renamed_from: str | None = None


def check_decisions(renames: Collection[str], new_steps: Collection[str]) -> None:
    """Check how many renames and new steps a request has.

    :raises InvalidRequest: there are more than :data:`MAX_DECISIONS`.
    """
    for kind, count in (("renames", len(renames)), ("new steps", len(new_steps))):
        if count > MAX_DECISIONS:
            raise InvalidRequest(f"There are {count} {kind}.", f"Give at most {MAX_DECISIONS}.")


def parse_renames(texts: Iterable[str]) -> dict[str, str]:
    """Parse renames in the form ``old=new``.

    :raises InvalidRequest: one does not have that form, or two are about the same step.
    """
    found: dict[str, str] = {}
    for text in texts:
        old, sign, new = text.partition("=")
        if not (old and sign and new):
            raise InvalidRequest(f"{text[:80]!r} is not a rename.", "Write it as old=new.")
        if found.setdefault(old, new) != new:
            raise InvalidRequest(f"Step {old[:80]!r} is renamed twice.", "Give one new name.")
    return found
