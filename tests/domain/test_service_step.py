"""What an event does to a step of a service."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from airflow_wfstate.domain.rules.services.choreography import EventMeaning
from airflow_wfstate.domain.rules.services.service_step import Move, Order, ServiceStep, Unmoved, move
from airflow_wfstate.domain.rules.states import StepState, may_become

_EARLY, _LATE = Order("1"), Order("2")


def at(minute: int) -> Order:
    return Order(time=datetime(2026, 1, 1, 10, minute, tzinfo=timezone.utc))


@pytest.mark.parametrize(
    ("one", "other", "is_before"),
    [
        (Order("9"), Order("10"), True),
        (Order("10"), Order("9"), False),
        (Order("0009"), Order("10"), True),
        (Order("-1"), Order("0"), True),
        (Order("9"), Order("a"), True),
        (Order("a"), Order("b"), True),
        (at(1), at(2), True),
        (at(2), at(2), False),
        (Order("1", at(2).time), Order("2", at(1).time), True),  # the sequence decides
        (Order("1"), at(1), None),
        (Order(), Order(), None),
    ],
)
def test_which_of_two_events_is_older(one: Order, other: Order, is_before: bool | None) -> None:
    assert one.is_before(other) is is_before


@pytest.mark.parametrize("meaning", list(EventMeaning))
@pytest.mark.parametrize("state", list(StepState))
@pytest.mark.parametrize("order", [_EARLY, _LATE, Order()])
def test_every_move_is_one_of_the_table_perhaps_by_way_of_running_or_lost(
    state: StepState, meaning: EventMeaning, order: Order
) -> None:
    moved = move(ServiceStep(state, 3, Order("1.5")), meaning, order)

    if isinstance(moved, Move) and moved.state is not state:
        ways = [
            all(may_become(one, two) for one, two in zip((state, *way), (*way, moved.state), strict=True))
            for way in ((), (StepState.RUNNING,), (StepState.LOST,))
        ]
        assert any(ways), (state, moved)
        assert moved.round in (3, 4)


def test_an_older_end_moves_nothing_and_a_newer_one_does() -> None:
    done = ServiceStep(StepState.SUCCEEDED, 1, at(5))

    assert move(done, EventMeaning.FAILED, at(4)) == Unmoved("it is older than the last end of the step")
    assert move(done, EventMeaning.FAILED, at(6)) == Move(StepState.FAILED, 2, StepState.FAILED)
    assert move(done, EventMeaning.SUCCEEDED, at(6)) == Move(StepState.SUCCEEDED, 2, StepState.SUCCEEDED)


def test_a_failed_step_begins_again_when_the_begin_is_known_to_be_newer() -> None:
    failed = ServiceStep(StepState.FAILED, 1, at(5))

    assert move(failed, EventMeaning.BEGAN, at(6)) == Move(StepState.RUNNING, 1, StepState.RUNNING)
    assert isinstance(move(failed, EventMeaning.BEGAN, at(4)), Unmoved)
    assert isinstance(move(failed, EventMeaning.BEGAN, Order()), Unmoved)
    assert move(failed, EventMeaning.SUCCEEDED, Order()) == Move(StepState.SUCCEEDED, 1, StepState.SUCCEEDED)


def test_an_end_counts_although_its_begin_has_a_clock_that_runs_ahead() -> None:
    running = ServiceStep(StepState.RUNNING, 1)

    assert move(running, EventMeaning.SUCCEEDED, at(0)) == Move(StepState.SUCCEEDED, 1, StepState.SUCCEEDED)


def test_what_was_undone_stays_so() -> None:
    for meaning in EventMeaning:
        assert move(ServiceStep(StepState.COMPENSATED, 1), meaning, _LATE) == Unmoved("the step was undone")
        undone_late = ServiceStep(StepState.COMPENSATED, 1, _LATE)
        assert move(undone_late, meaning, _EARLY) == Unmoved("the step was undone"), "late news of what was undone"
        assert move(undone_late, meaning, Order()) == Unmoved("the step was undone")
    assert move(None, EventMeaning.COMPENSATED, _EARLY) == Move(StepState.COMPENSATED, 1, StepState.LOST)


@pytest.mark.parametrize(
    ("meaning", "state"),
    [
        (EventMeaning.BEGAN, StepState.RUNNING),
        (EventMeaning.SUCCEEDED, StepState.SUCCEEDED),
        (EventMeaning.FAILED, StepState.FAILED),
    ],
)
def test_what_was_undone_may_be_done_again_as_the_next_round(meaning: EventMeaning, state: StepState) -> None:
    undone = ServiceStep(StepState.COMPENSATED, 1, _EARLY)

    assert move(undone, meaning, _LATE) == Move(state, 2, state)
    assert move(undone, EventMeaning.COMPENSATED, _LATE) == Unmoved("the step was undone")
