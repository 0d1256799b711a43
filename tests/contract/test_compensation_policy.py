"""What happens when a compensation has used up its attempts: ``on_compensation_error``."""

from __future__ import annotations

from airflow_wfstate.domain.messages.compensation import TurnDecision
from airflow_wfstate.domain.rules.policies import CompensationErrorPolicy
from airflow_wfstate.domain.rules.states import CompensationState, WorkflowState
from tests.support.saga import Saga
from tests.support.world import World

_C = CompensationState


def test_by_default_it_stops_and_the_rest_stays_armed(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one", "two", "three")

    assert saga.undo(saga.fail(), fails=["two"]) == ["three", "two"]

    assert saga.detail().summary.state is WorkflowState.COMPENSATION_FAILED
    assert saga.compensations() == {"one": _C.ARMED, "two": _C.FAILED, "three": _C.DONE}


def test_with_continue_all_are_tried_and_then_it_is_held(world: World) -> None:
    saga = Saga.start(world, on_compensation_error=CompensationErrorPolicy.CONTINUE)
    saga.done("one", "two", "three", "four")

    assert saga.undo(saga.fail(), fails=["two", "four"]) == ["four", "three", "two", "one"]

    summary = saga.detail().summary
    assert summary.state is WorkflowState.COMPENSATION_FAILED
    assert summary.error == "Step breaks failed: broken"
    assert summary.hold_reason == (
        "The compensation of step intake.four failed: the printer is on fire. "
        "The compensation of step intake.two failed: the printer is on fire."
    )
    assert saga.compensations() == {"one": _C.DONE, "two": _C.FAILED, "three": _C.DONE, "four": _C.FAILED}
    told = world.told(saga.workflow_id)
    assert told.count("workflow.compensation_failed") == 1
    assert told[-1] == "workflow.compensation_failed"
    assert saga.ask().decision is TurnDecision.HELD


def test_with_continue_and_no_failure_it_is_compensated(world: World) -> None:
    saga = Saga.start(world, on_compensation_error=CompensationErrorPolicy.CONTINUE)
    saga.done("one", "two")

    assert saga.undo(saga.fail()) == ["two", "one"]

    assert saga.detail().summary.state is WorkflowState.COMPENSATED


def test_with_continue_a_relay_that_dies_on_the_last_attempt_does_not_stop_the_others(world: World) -> None:
    saga = Saga.start(world, on_compensation_error=CompensationErrorPolicy.CONTINUE)
    saga.done("one", "two")
    assert saga.fail().decision is TurnDecision.COMPENSATE
    saga.relay = world.rows.next_try(saga.relay)

    assert saga.undo(saga.ask()) == ["one"]

    assert saga.detail().summary.state is WorkflowState.COMPENSATION_FAILED
    assert saga.compensations() == {"one": _C.DONE, "two": _C.FAILED}
    assert "attempt 1 of 1 was lost" in str(saga.detail().summary.hold_reason)
