"""When a step of several rounds counts as compensated: they are undone by the relay, or by an operator's decision."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.messages.compensate import DecideCompensation, Decision
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration, EndCompensation
from airflow_wfstate.domain.rules.policies import CompensationErrorPolicy
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from tests.support.saga import Saga
from tests.support.world import World


@pytest.fixture
def saga(world: World) -> Saga:
    """A workflow whose step ``two`` succeeded in two rounds, whose undos wait."""
    saga = Saga.start(world, on_compensation_error=CompensationErrorPolicy.CONTINUE)
    undo = CompensationDeclaration("task:two", max_attempts=1)
    task, first = world.begin(saga.run_id, "two", compensation=undo)
    world.succeed(first)
    cleared = world.rows.next_try(task, state="success")
    world.succeed(world.begin_as(cleared, "two", compensation=undo))
    world.rows.set_task_state(cleared, "success")
    return saga


def _state(saga: Saga) -> StepState:
    return {step.name: step.state for step in saga.detail().steps}["two"]


def _undo(saga: Saga, error: str | None = None, nothing: str | None = None) -> int:
    """Have the relay undo one round, and return its number."""
    work = saga.ask().work
    assert work is not None
    saga.world.backend.end_compensation(
        EndCompensation(work.compensation_key, succeeded=error is None, error=error, nothing_to_undo=nothing)
    )
    return work.round


def _decide(saga: Saga, decision: Decision, round_: int) -> WorkflowState:
    asked = DecideCompensation(saga.workflow_id, "two", decision, "I looked", actor="cli:ada", round=round_)
    return saga.world.backend.decide_compensation(asked).workflow.state


def test_a_decision_about_one_round_leaves_the_step_while_another_waits(saga: Saga) -> None:
    saga.undo(saga.fail(), fails=["two"])

    assert _decide(saga, Decision.DONE, 2) is WorkflowState.COMPENSATION_FAILED
    assert _state(saga) is StepState.SUCCEEDED

    assert _decide(saga, Decision.DONE, 1) is WorkflowState.COMPENSATED
    assert _state(saga) is StepState.COMPENSATED


def test_the_relay_has_compensated_a_step_with_its_oldest_round(saga: Saga) -> None:
    saga.fail()

    assert _undo(saga) == 2
    assert _state(saga) is StepState.SUCCEEDED

    assert _undo(saga) == 1
    assert _state(saga) is StepState.COMPENSATED


def test_a_round_whose_undo_failed_keeps_the_step_until_it_is_decided(saga: Saga) -> None:
    saga.fail()
    assert (_undo(saga, error="the printer is on fire"), _undo(saga)) == (2, 1)
    saga.ask()
    assert _state(saga) is StepState.SUCCEEDED

    assert _decide(saga, Decision.DONE, 2) is WorkflowState.COMPENSATED
    assert _state(saga) is StepState.COMPENSATED


def test_a_round_with_nothing_to_undo_does_not_keep_the_step(saga: Saga) -> None:
    saga.fail()
    _undo(saga)
    _undo(saga, nothing="the box was never taped")
    assert _state(saga) is StepState.COMPENSATED


def test_a_step_of_which_a_round_was_left_as_it_is_is_not_compensated(saga: Saga) -> None:
    saga.fail()
    _undo(saga, error="the printer is on fire")
    _undo(saga)
    saga.ask()

    assert _decide(saga, Decision.SKIP, 2) is WorkflowState.COMPENSATED
    assert _state(saga) is StepState.SUCCEEDED
