"""How an event of a service changes a step of the service.

Events can arrive late, twice and out of order. The newer of two events is determined by the extension ``sequence`` if
both have it, otherwise by ``time`` if both have it, otherwise by arrival. Events are compared with the last *end* of
the step that was applied (succeeded, failed, compensated), because a begin whose clock runs ahead must not make the end
of the same work look outdated.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from airflow_wfstate.domain.rules.services.choreography import EventMeaning
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, StepState, may_become

_S, _M = StepState, EventMeaning

MEANT: Final = {
    _M.BEGAN: _S.RUNNING,
    _M.SUCCEEDED: _S.SUCCEEDED,
    _M.FAILED: _S.FAILED,
    _M.COMPENSATED: _S.COMPENSATED,
}
"""The state of which an event tells."""


@dataclass(frozen=True)
class Order:
    """What orders an event relative to another.

    :param sequence: its sequence at the source; None if it has none.
    :param time: when it happened; None if not given.
    """

    sequence: str | None = None
    time: datetime | None = None

    def is_before(self, other: Order) -> bool | None:
        """Whether it is older than the other; None if that cannot be determined."""
        if self.sequence is not None and other.sequence is not None:
            return _key(self.sequence) < _key(other.sequence)
        if self.time is not None and other.time is not None:
            return self.time < other.time
        return None


@dataclass(frozen=True)
class ServiceStep:
    """The progress of a service's step.

    :param round: number of the newest round.
    :param last_end: the position of the last applied event about an end; None if there was none.
    """

    state: StepState
    round: int
    last_end: Order | None = None


@dataclass(frozen=True)
class Move:
    """How a step changes.

    :param state: the step's next state.
    :param round: the affected round: the newest one, or the next.
    :param round_state: the state of that round.
    """

    state: StepState
    round: int
    round_state: StepState


@dataclass(frozen=True)
class Unmoved:
    """The step stays as it is.

    :param reason: why, as a sentence for people.
    """

    reason: str


def move(step: ServiceStep | None, meaning: EventMeaning, order: Order) -> Move | Unmoved:
    """Determine how an event changes a step.

    :param step: the step; None if no event has reported it yet.
    """
    target = MEANT[meaning]
    if step is None:
        if meaning is _M.COMPENSATED:  # its end comes late, or never does
            return Move(target, 1, _S.LOST)
        return Move(target, 1, target)
    if step.state is _S.COMPENSATED:
        return _do_again(step, meaning, order)
    if meaning is _M.BEGAN:
        return _begin(step, order)
    if step.last_end is not None and order.is_before(step.last_end):
        return Unmoved("it is older than the last end of the step")
    if meaning is _M.COMPENSATED:
        return Move(target, step.round, _S.LOST if step.state in OPEN_STEP_STATES else step.state)
    if step.state is _S.SUCCEEDED:  # it was done again
        return Move(target, step.round + 1, target)
    if may_become(step.state, target) or may_become(step.state, _S.RUNNING) or step.state is target:
        return Move(target, step.round, target)
    return Unmoved(f"the step is {step.state.value}")


def _do_again(step: ServiceStep, meaning: EventMeaning, order: Order) -> Move | Unmoved:
    """A step that was undone is done again, as its next round, by an event that is known to be newer than the undo.

    If the order is not known, it is late news about what was undone, because a success and its undo often come close
    together.
    """
    if meaning is _M.COMPENSATED or step.last_end is None or not step.last_end.is_before(order):
        return Unmoved("the step was undone")
    return Move(MEANT[meaning], step.round + 1, MEANT[meaning])


def _begin(step: ServiceStep, order: Order) -> Move | Unmoved:
    """A begin counts for a step that failed, when it is known to be newer; else it came late."""
    if step.state in (_S.FAILED, _S.LOST) and step.last_end is not None and step.last_end.is_before(order):
        return Move(_S.RUNNING, step.round, _S.RUNNING)
    if step.state in OPEN_STEP_STATES:
        return Unmoved("the step has begun already")
    return Unmoved(f"the step {_words(step.state)} already")


def _words(state: StepState) -> str:
    return {_S.SUCCEEDED: "succeeded", _S.FAILED: "failed"}.get(state, f"is {state.value}")


def _key(sequence: str) -> tuple[int, int, str]:
    """Numbers by value, and before other texts, which are compared by their characters."""
    digits = sequence.removeprefix("-")
    if digits.isascii() and digits.isdigit():
        return (0, int(sequence), "")
    return (1, 0, sequence)
