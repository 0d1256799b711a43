"""A step with all its items, as one thing."""

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

    :param place: as of a :class:`~airflow_wfstate.domain.messages.step.StepSummary`, and so ``parent_step_id``.
    :param is_mapped: whether its items have item keys.
    :param items: how many have begun.
    :param by_state: how many of them are in which state; states that none is in are left out.
    :param state: the one that tells most: ``running`` while one runs, else ``waiting``, ``failed``, ``lost``,
        ``compensated``, ``succeeded``, ``skipped``.
    :param attempts: of all items.
    :param started_at: when the first item began.
    :param updated_at: of the last change of an item.
    :param error: one of the errors of its items; None when none has any.
    :param compensation: of the newest round; None when there is none. Of a mapped step always None: how far its undo
        is, is told by how many items are ``compensated``.
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
        """What it is called, without an item."""
        return StepName(self.participant, self.name, place=placed(self.place))


def most_telling(states: Collection[StepState]) -> StepState:
    """The state of a group whose items are in these.

    :raises StopIteration: there are none.
    """
    return next(state for state in _MOST_TELLING if state in states)
