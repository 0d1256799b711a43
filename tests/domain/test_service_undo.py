"""Which undo an event of a service is about, and what becomes of that undo."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.rules.services.choreography import EventMeaning
from airflow_wfstate.domain.rules.services.service_step import Unmoved
from airflow_wfstate.domain.rules.services.service_undo import (
    Answer,
    RoundUndo,
    answer_of,
    armed_in,
    state_after,
)
from airflow_wfstate.domain.rules.states import CompensationState, StepState, WorkflowState
from airflow_wfstate.domain.rules.text.time_span import time_span

_C, _M = CompensationState, EventMeaning


def undos(*states: CompensationState) -> list[RoundUndo]:
    return [RoundUndo(number, state, f"request-{number}") for number, state in enumerate(states, 1)]


@pytest.mark.parametrize("state", [_C.ARMED, _C.RUNNING, _C.FAILED, _C.DISCARDED])
def test_of_a_step_that_was_done_once_every_answer_is_about_that(state: CompensationState) -> None:
    for cause in ("request-1", "something-else", None):
        answer = answer_of(undos(state), _M.COMPENSATED, cause)
        assert isinstance(answer, Answer)
        assert (answer.round, answer.state) == (1, _C.DONE)
        assert answer.was_asked is (state in (_C.RUNNING, _C.FAILED))
        assert answer.names_request is (cause == "request-1")


@pytest.mark.parametrize("state", [_C.DONE, _C.SKIPPED, _C.NOT_NEEDED])
def test_what_is_over_stays_over(state: CompensationState) -> None:
    assert isinstance(answer_of(undos(state), _M.COMPENSATED, "request-1"), Unmoved)
    assert isinstance(answer_of(undos(state), _M.FAILED, "request-1"), Unmoved)


def test_of_several_rounds_the_request_says_which() -> None:
    both = undos(_C.ARMED, _C.RUNNING)
    assert answer_of(both, _M.COMPENSATED, "request-2") == Answer(2, _C.DONE, was_asked=True, names_request=True)
    assert answer_of(both, _M.COMPENSATED, "request-1") == Answer(1, _C.DONE, was_asked=False, names_request=True)
    unclear = answer_of(both, _M.COMPENSATED, None)
    assert isinstance(unclear, Unmoved)
    assert "done 2 times" in unclear.reason


def test_only_a_failure_that_names_the_request_is_a_refusal() -> None:
    asked = undos(_C.RUNNING)
    assert answer_of(asked, _M.FAILED, "request-1") == Answer(1, _C.FAILED, was_asked=True, names_request=True)
    assert isinstance(answer_of(asked, _M.FAILED, None), Unmoved)
    assert answer_of(undos(_C.ARMED), _M.FAILED, None) is None, "it is about the step"


def test_other_events_are_about_the_step() -> None:
    assert answer_of([], _M.COMPENSATED, None) is None
    for meaning in (_M.BEGAN, _M.SUCCEEDED):
        assert answer_of(undos(_C.RUNNING), meaning, "request-1") is None


def test_a_step_is_compensated_when_each_round_is() -> None:
    assert state_after(StepState.SUCCEEDED, undos(_C.DONE, _C.NOT_NEEDED)) is StepState.COMPENSATED
    for left in (_C.ARMED, _C.FAILED, _C.SKIPPED):
        assert state_after(StepState.SUCCEEDED, undos(_C.DONE, left)) is StepState.SUCCEEDED


def test_what_succeeds_after_an_end_without_undo_stays() -> None:
    discarded = [state for state in WorkflowState if armed_in(state) is _C.DISCARDED]
    assert discarded == [WorkflowState.SUCCEEDED, WorkflowState.CANCELLED]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 seconds"), (1, "1 second"), (3600, "1 hour"), (129_600, "1 day 12 hours"), (125, "2 minutes 5 seconds")],
)
def test_times_are_told_in_their_largest_units(seconds: int, told: str) -> None:
    assert time_span(seconds) == told
