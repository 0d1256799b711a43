"""What an undo leaves as it is: steps that acted, or may have, and for which nobody declared an undo."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from airflow_wfstate.domain.rules.states import StepState

ACTED: Final = (StepState.SUCCEEDED, StepState.FAILED, StepState.LOST)
"""A round in one of these acted, or may have: of one that failed or is lost nobody knows how far it came."""

MAX_NAMED: Final = 100
"""A plan names so many steps that stay; the others are counted."""


@dataclass(frozen=True)
class StayingStep:
    """A round that stays as it is.

    :param step: ``participant.name`` or ``participant.name[item]``.
    :param state: how the round ended: ``succeeded``, or ``failed`` or ``lost``, and then it may have acted.
    """

    step: str
    round: int
    state: StepState


@dataclass(frozen=True)
class StayingSteps:
    """What has no undo, and is not declared irreversible (that is told with its reason).

    :param count: of rounds, as undos are counted.
    :param steps: the first 100 of them, in the order in which the steps began.
    """

    count: int = 0
    steps: list[StayingStep] = field(default_factory=list)

    @property
    def unnamed(self) -> int:
        """How many are counted, and not named."""
        return self.count - len(self.steps)


def undo_counts_text(undone: int, staying: int) -> str:
    """How much is undone and how much stays, in one sentence."""
    stay = f"{staying} {'stays as it is' if staying == 1 else 'stay as they are'}"
    return f"Undo {undone}; {stay}: no undo is declared." if staying else f"Undo {undone}."
