"""The order of compensations, and which rounds need one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from airflow_wfstate.domain.rules.states import CompensationState, StepState

TASK_HANDLER: Final = "task:"
"""The prefix of a handler that is found through the task that declares it."""


class CompensateWhen(str, Enum):
    """Which rounds are compensated: every one that was ``attempted``, or only those that ``completed``."""

    ATTEMPTED = "attempted"
    COMPLETED = "completed"


@dataclass(frozen=True)
class Compensation:
    """The compensation of one round, with what determines its order.

    :param ended_entry: number of the journal entry that ended the round; for a lost round the last that it wrote
        itself; 0 when it wrote none.
    :param round_state: how the round ended.
    """

    step_id: str
    round: int
    state: CompensationState
    when: CompensateWhen
    ended_entry: int
    round_state: StepState


# The rule of the order is stated here alone: store/steps/undo_order.py derives its SQL from it, and a property test
# compares the two (tests/store/test_undo_order.py).
UNDOABLE: Final = {
    CompensateWhen.ATTEMPTED: (StepState.SUCCEEDED, StepState.LOST, StepState.FAILED),
    CompensateWhen.COMPLETED: (StepState.SUCCEEDED, StepState.LOST),
}
"""How a round may have ended that is undone, by which rounds its step wants undone."""

UNDO_STATES: Final = (CompensationState.ARMED, CompensationState.RUNNING, CompensationState.FAILED)
"""The states of compensations that still have to be done."""


def is_needed(compensation: Compensation) -> bool:
    """Whether the round acted, or may have: it succeeded, is lost, or failed and is not ``completed`` only."""
    return compensation.round_state in UNDOABLE[compensation.when]


def compensation_order(compensations: Iterable[Compensation]) -> list[Compensation]:
    """The compensations still to be done, ordered by descending number of the journal entries that ended their rounds.

    Those that are done, skipped, discarded or not needed are left out.
    """
    to_do = [item for item in compensations if item.state in UNDO_STATES and is_needed(item)]
    return sorted(to_do, key=lambda item: (item.ended_entry, item.step_id, item.round), reverse=True)
