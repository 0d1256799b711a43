"""The undo of a service's step: which round an event of the service is about, and how its compensation changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from airflow_wfstate.domain.rules.services.choreography import EventMeaning
from airflow_wfstate.domain.rules.services.service_step import Unmoved
from airflow_wfstate.domain.rules.states import CompensationState, StepState, WorkflowState

_C, _W = CompensationState, WorkflowState

_OPEN: Final = (_C.ARMED, _C.RUNNING, _C.FAILED, _C.DISCARDED)
"""The service may report such an undo as done, whether or not it was requested."""


@dataclass(frozen=True)
class RoundUndo:
    """The undo of one round of a step.

    :param request_id: id of the event that requests it, whether or not it was sent.
    """

    round: int
    state: CompensationState
    request_id: str


@dataclass(frozen=True)
class Answer:
    """What an event says about an undo.

    :param round: the round that is undone.
    :param state: the next state of the undo: ``done``, or ``failed`` if the service refuses.
    :param was_asked: whether it had been requested from the service.
    :param names_request: whether the event names that request, which it is newer than, whatever its time says.
    """

    round: int
    state: CompensationState
    was_asked: bool
    names_request: bool


def answer_of(undos: Sequence[RoundUndo], meaning: EventMeaning, causation_id: str | None) -> Answer | Unmoved | None:
    """Interpret an event of a service about the undo of its step; None if it is not about an undo.

    A service gives the request that it answers as the event's ``causationid``. If a step was done only once, it does
    not have to, because ``compensated`` can then mean nothing else. A ``failed`` is a refusal only if it names the
    request; otherwise it may be late news about the step itself.

    :param undos: the undos of all rounds that recorded one.
    """
    named = next((undo for undo in undos if undo.request_id == causation_id), None)
    if meaning is EventMeaning.COMPENSATED:
        return None if not undos else _done(undos, named)
    if meaning is not EventMeaning.FAILED:
        return None
    if named is not None:
        if named.state is _C.RUNNING:
            return Answer(named.round, _C.FAILED, was_asked=True, names_request=True)
        return Unmoved(f"the undo that it refuses is {named.state.value}")
    if any(undo.state is _C.RUNNING for undo in undos):
        return Unmoved("the step is being undone, and the event does not name that request as its causationid")
    return None


def _done(undos: Sequence[RoundUndo], named: RoundUndo | None) -> Answer | Unmoved:
    if named is None and len(undos) > 1:
        if not any(undo.state in _OPEN for undo in undos):
            return Unmoved("the step was undone")
        return Unmoved(
            f"the step was done {len(undos)} times, and the event does not say which of them was undone: it names no "
            "request as its causationid"
        )
    meant = named or undos[0]
    if meant.state not in _OPEN:
        return Unmoved(
            "the step was undone"
            if meant.state is _C.DONE
            else f"an operator has already decided: it is {meant.state.value}"
        )
    was_asked = meant.state in (_C.RUNNING, _C.FAILED)
    return Answer(meant.round, _C.DONE, was_asked=was_asked, names_request=named is not None)


def state_after(step: StepState, undos: Sequence[RoundUndo]) -> StepState:
    """The state of a step after the undo of one of its rounds: compensated if the undo of every round is done.

    :param undos: the undos of all rounds that recorded one.
    """
    is_over = all(undo.state in (_C.DONE, _C.NOT_NEEDED) for undo in undos)
    return StepState.COMPENSATED if is_over else step


def armed_in(workflow: WorkflowState) -> CompensationState:
    """The initial state of the undo of a round that succeeded while its workflow was in this state.

    In a workflow that has succeeded, or was cancelled without compensation, finished steps stay.
    """
    return _C.DISCARDED if workflow in (_W.SUCCEEDED, _W.CANCELLED) else _C.ARMED
