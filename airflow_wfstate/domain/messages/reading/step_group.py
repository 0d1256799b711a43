"""A step, grouped with all its items."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from airflow_wfstate.domain.rules.states import CompensationState, StepState
from airflow_wfstate.domain.rules.step_name import StepName, placed

_MOST_TELLING: Final = (
    StepState.RUNNING,
    StepState.WAITING,
    StepState.FAILED,
    StepState.LOST,
    StepState.COMPENSATED,
    StepState.SUCCEEDED,
    StepState.SKIPPED,
)


@dataclass(frozen=True)
class StepGroup:
    """The items of a mapped step, or the one step that is not mapped: same participant, place and name.

    :param place: as in :class:`~airflow_wfstate.domain.messages.step.StepSummary`; so is ``parent_step_id``.
    :param is_mapped: whether its items have item keys.
    :param items: how many have begun.
    :param by_state: how many of them are in each state; empty states are left out.
    :param state: the most informative state: ``running`` while one runs, otherwise ``waiting``, ``failed``, ``lost``,
        ``compensated``, ``succeeded``, ``skipped``.
    :param attempts: the number of attempts of all items.
    :param started_at: when the first item began.
    :param updated_at: when an item last changed.
    :param error: one of the errors of its items; None if there are none.
    :param compensation: state of the newest round's compensation; None if there is none. Always None for a mapped step,
        whose progress shows in the number of ``compensated`` items.
    """

    participant: str
    name: str
    place: str | None
    parent_step_id: str | None
    is_mapped: bool
    items: int
    by_state: dict[StepState, int]
    state: StepState
    attempts: int
    started_at: datetime
    updated_at: datetime
    error: str | None
    compensation: CompensationState | None

    @property
    def called(self) -> StepName:
        """The name of the step, without an item."""
        return StepName(self.participant, self.name, place=placed(self.place))


def most_telling(states: Collection[StepState]) -> StepState:
    """The state of a group whose items are in these states.

    :raises StopIteration: there are no states.
    """
    return next(state for state in _MOST_TELLING if state in states)
