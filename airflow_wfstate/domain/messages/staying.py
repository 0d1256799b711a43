"""Steps that a compensation leaves unchanged: they acted, or may have, but declare no compensation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from airflow_wfstate.domain.rules.states import StepState

ACTED: Final = (StepState.SUCCEEDED, StepState.FAILED, StepState.LOST)
"""A round in one of these states acted, or may have: if it failed or is lost, it is not known how far it got."""

MAX_NAMED: Final = 100
"""A plan lists at most this many of these steps, and only counts the others."""


@dataclass(frozen=True)
class StayingStep:
    """A round that stays unchanged.

    :param step: ``participant.name`` or ``participant.name[item]``.
    :param state: how the round ended: ``succeeded``; or ``failed`` or ``lost``, in which case it may have acted.
    """

    step: str
    round: int
    state: StepState


@dataclass(frozen=True)
class StayingSteps:
    """Rounds without a compensation that are not declared irreversible (those are listed with their reasons).

    :param count: the number of rounds.
    :param steps: the first 100 of them, in the order in which the steps began.
    """

    count: int = 0
    steps: list[StayingStep] = field(default_factory=list)

    @property
    def unnamed(self) -> int:
        """How many are counted but not listed."""
        return self.count - len(self.steps)


def undo_counts_text(undone: int, staying: int) -> str:
    """How many rounds are undone and how many stay unchanged, in one sentence."""
    stay = f"{staying} {'stays as it is' if staying == 1 else 'stay as they are'}"
    return f"Undo {undone}; {stay}: no undo is declared." if staying else f"Undo {undone}."
