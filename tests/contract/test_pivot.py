"""The contract of a pivot: once it is done, the workflow can only go forward."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration, TurnDecision
from airflow_wfstate.domain.messages.step import BeginStep, EndAttempt
from airflow_wfstate.domain.rules.states import CompensationState, StepState, WorkflowState
from airflow_wfstate.exceptions import InvalidRequest, WorkflowClosed
from tests.support.saga import Saga
from tests.support.world import World

_W = WorkflowState


def _saga(world: World, *, pivot_ends: StepState | None) -> Saga:
    """``one`` is done, then the pivot ``pay`` began, and ended in this state (None: it is running)."""
    saga = Saga.start(world)
    saga.done("one")
    task = world.rows.add_task("intake", saga.run_id, "pay")
    begun = world.backend.begin_step(BeginStep(task, "pay", pivot=True))
    if pivot_ends is StepState.SUCCEEDED:
        world.succeed(begun)
        world.rows.set_task_state(task, "success")
    elif pivot_ends is StepState.FAILED:
        world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.FAILED, error="no money"))
        world.rows.set_task_state(task, "failed")
    return saga


def test_a_failure_behind_the_pivot_is_held_for_a_resume(world: World) -> None:
    saga = _saga(world, pivot_ends=StepState.SUCCEEDED)

    assert saga.fail().decision is TurnDecision.NOTHING

    summary = saga.detail().summary
    assert summary.state is _W.FAILED
    assert summary.hold_reason == "Step intake.pay is a pivot and succeeded: the workflow can only go forward."
    assert saga.compensations() == {"one": CompensationState.ARMED}


def test_neither_a_cancel_nor_a_wish_undoes_what_came_before(world: World) -> None:
    saga = _saga(world, pivot_ends=StepState.SUCCEEDED)
    before = world.journal(saga.workflow_id)
    with pytest.raises(WorkflowClosed, match="is a pivot and succeeded"):
        world.backend.cancel_workflow(CancelWorkflow(saga.workflow_id, compensate=True))
    with pytest.raises(WorkflowClosed, match="is a pivot and succeeded"):
        world.backend.plan_cancel(saga.workflow_id, compensate=True)
    with pytest.raises(WorkflowClosed, match="is a pivot and succeeded"):
        world.backend.compensate_workflow(CompensateWorkflow(saga.workflow_id))
    assert world.journal(saga.workflow_id) == before

    assert world.backend.cancel_workflow(CancelWorkflow(saga.workflow_id)).workflow.state is _W.CANCELLED


@pytest.mark.parametrize("pivot_ends", [StepState.FAILED, None])
def test_before_the_pivot_is_done_everything_is_undone(world: World, pivot_ends: StepState | None) -> None:
    saga = _saga(world, pivot_ends=pivot_ends)
    answer = world.backend.cancel_workflow(CancelWorkflow(saga.workflow_id, compensate=True))
    assert answer.workflow.state is _W.COMPENSATING


def test_a_step_is_irreversible_or_has_a_compensation(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    task = world.rows.add_task("intake", run_id, "mail")
    undo = CompensationDeclaration("task:mail")
    with pytest.raises(InvalidRequest, match="irreversible but has a compensation"):
        world.backend.begin_step(BeginStep(task, "mail", irreversible="email sent", compensation=undo))
