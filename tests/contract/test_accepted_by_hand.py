"""The contract of marking as success by hand: it accepts the work as it is, and the workflow continues."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.messages.step import BeginDecision, BegunStep, EndAttempt, LinkChildRun
from airflow_wfstate.domain.messages.workflow import CompletedWorkflow, CompleteWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import CompensationState, StepState, WorkflowState
from airflow_wfstate.exceptions import WorkflowUnfinished
from tests.support.saga import Saga
from tests.support.world import World

COMPLETE = "CompleteWorkflowOperator"
PATIENCE = timedelta(minutes=5)


def _complete(saga: Saga) -> CompletedWorkflow:
    task = saga.world.rows.add_task("intake", saga.run_id, "complete", operator=COMPLETE)
    return saga.world.backend.complete_workflow(CompleteWorkflow(task, Payload.of("done")))


def _hangs(saga: Saga, task_state: str) -> tuple[str, BegunStep]:
    """A step with an undo that neither ends nor fails; its task is in this state."""
    undo = CompensationDeclaration("task:hangs", max_attempts=1)
    task, begun = saga.world.begin(saga.run_id, "hangs", compensation=undo)
    if task_state != "running":
        saga.world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.WAITING))
    saga.world.rows.set_task_state(task, task_state)
    return task, begun


def _step(saga: Saga, name: str) -> StepState:
    return next(step.state for step in saga.detail().steps if step.name == name)


@pytest.mark.parametrize("told", [True, False], ids=["audited", "in bulk, which Airflow does not audit"])
@pytest.mark.parametrize("task_state", ["running", "deferred", "up_for_reschedule"])
def test_a_hanging_step_whose_task_was_marked_does_not_keep_the_workflow_from_its_end(
    world: World, task_state: str, told: bool
) -> None:
    saga = Saga.start(world)
    saga.done("pay")
    task, _ = _hangs(saga, task_state)
    world.rows.mark_task(task, "success", told=told)
    saga.done("ship")

    completed = _complete(saga)

    assert completed.workflow.state is WorkflowState.SUCCEEDED
    assert (_step(saga, "hangs"), _step(saga, "ship")) == (StepState.SKIPPED, StepState.SUCCEEDED)
    entry = next(entry for entry in world.journal(saga.workflow_id) if entry.kind.value == "step.skipped")
    assert (entry.data["by_hand"], entry.data["person"]) == (True, "ann" if told else "somebody")


def test_an_open_step_that_nobody_has_marked_still_keeps_it(world: World) -> None:
    saga = Saga.start(world)
    _hangs(saga, "deferred")

    with pytest.raises(WorkflowUnfinished, match="open step"):
        _complete(saga)


def test_the_sweep_accepts_too(world: World) -> None:
    saga = Saga.start(world)
    task, _ = _hangs(saga, "running")
    world.rows.mark_task(task, "success")

    world.sweep()

    assert _step(saga, "hangs") is StepState.SKIPPED
    assert saga.detail().summary.state is WorkflowState.RUNNING


@pytest.mark.parametrize("outcome", ["failed", "lost"])
def test_a_step_that_failed_or_is_lost_is_accepted_as_well(world: World, outcome: str) -> None:
    saga = Saga.start(world)
    task, begun = _hangs(saga, "running")
    if outcome == "failed":
        world.fail(begun)
    world.rows.set_task_state(task, "failed", ended_ago=PATIENCE)
    world.sweep()
    assert _step(saga, "hangs").value == outcome
    world.rows.mark_task(task, "success")

    assert _complete(saga).workflow.state is WorkflowState.SUCCEEDED

    assert _step(saga, "hangs") is StepState.SKIPPED


def test_what_was_accepted_may_have_acted_and_is_undone_in_its_place(world: World) -> None:
    saga = Saga.start(world)
    saga.done("pay")
    task, _ = _hangs(saga, "running")
    world.rows.mark_task(task, "success")
    world.sweep()
    saga.done("ship")

    assert saga.undo(saga.fail()) == ["ship", "hangs", "pay"]

    assert saga.detail().summary.state is WorkflowState.COMPENSATED
    assert _step(saga, "hangs") is StepState.COMPENSATED
    assert set(saga.compensations().values()) == {CompensationState.DONE}


def test_the_process_of_an_accepted_step_may_still_report_that_it_succeeded(world: World) -> None:
    saga = Saga.start(world)
    task, begun = _hangs(saga, "running")
    world.rows.mark_task(task, "success")
    _complete(saga)

    world.succeed(begun, "late", write=5)

    assert _step(saga, "hangs") is StepState.SUCCEEDED
    assert saga.detail().summary.state is WorkflowState.SUCCEEDED


def test_that_its_process_was_killed_changes_nothing_about_an_accepted_step(world: World) -> None:
    saga = Saga.start(world)
    task, begun = _hangs(saga, "running")
    world.rows.mark_task(task, "success")
    world.sweep()

    world.fail(begun, "SIGTERM", write=5)

    assert _step(saga, "hangs") is StepState.SKIPPED
    assert world.told(saga.workflow_id)[-1] == "step.failed intake.hangs"
    assert _complete(saga).workflow.state is WorkflowState.SUCCEEDED


def test_clearing_an_accepted_task_begins_the_next_attempt_of_its_round(world: World) -> None:
    saga = Saga.start(world)
    task, begun = _hangs(saga, "running")
    world.rows.mark_task(task, "success")
    world.sweep()

    again = world.begin_as(world.rows.next_try(task, state="success"), "hangs")

    assert (again.decision, again.attempt, again.idempotency_key) == (BeginDecision.RUN, 2, begun.idempotency_key)


def test_another_run_is_told_that_an_accepted_step_is_skipped(world: World) -> None:
    key, run_id, guest_run = world.unique("key"), world.rows.add_run("intake"), world.rows.add_run("intake")
    world.start(run_id, key=key, participants=["intake"])
    world.start(guest_run, key=key, participants=["intake"])
    task, _ = world.begin(run_id, "hangs")
    world.rows.mark_task(task, "success")

    _, answered = world.begin(guest_run, "hangs")

    assert (answered.decision, answered.answered_state) == (BeginDecision.ANSWERED, StepState.SKIPPED)


def test_a_cancel_and_its_undo_find_an_accepted_step_at_rest(world: World) -> None:
    saga = Saga.start(world)
    saga.done("pay")
    task, _ = _hangs(saga, "deferred")
    world.rows.mark_task(task, "success")
    assert world.backend.plan_cancel(saga.workflow_id, compensate=True).open_steps == []

    world.backend.cancel_workflow(CancelWorkflow(saga.workflow_id, compensate=True))

    assert saga.undo(saga.ask()) == ["hangs", "pay"]


def test_a_child_whose_trigger_was_accepted_no_longer_decides(world: World) -> None:
    """The step waits for a child run that never ends. A person marks it, and the workflow continues without the run."""
    saga = Saga.start(world)
    task, begun = _hangs(saga, "running")
    child = world.unique("child")
    world.backend.link_child_run(LinkChildRun(begun.attempt_key, 1, "fulfilment", child))
    world.backend.end_attempt(EndAttempt(begun.attempt_key, 2, StepState.WAITING))
    world.rows.add_run("fulfilment", child)
    world.rows.mark_task(task, "success")

    assert _complete(saga).workflow.state is WorkflowState.SUCCEEDED


@pytest.mark.parametrize("is_over", [True, False], ids=["without a relay", "its relay has still to run"])
def test_a_run_that_was_marked_is_accepted_and_its_workflow_succeeds(world: World, is_over: bool) -> None:
    saga = Saga.start(world)
    saga.done("pay")
    task, begun = _hangs(saga, "running")
    broken, breaks = world.begin(saga.run_id, "breaks")
    world.fail(breaks)
    world.rows.set_task_state(broken, "up_for_retry")
    world.rows.add_task("intake", saga.run_id, "complete", state=None, operator=COMPLETE)
    world.rows.mark_run("intake", saga.run_id, "success", is_over=is_over)
    if not is_over:
        saga.ask()
        world.rows.set_task_state(saga.relay, "success")
        world.rows.set_run_state("intake", saga.run_id, "success")

    world.sweep()

    summary = saga.detail().summary
    assert summary.state is WorkflowState.SUCCEEDED, summary.error
    assert (_step(saga, "hangs"), _step(saga, "breaks")) == (StepState.SKIPPED, StepState.SKIPPED)
    ended = world.journal(saga.workflow_id)[-1]
    assert ended.data["cause"] == f"Run {saga.run_id} of DAG intake was marked as success by ann."
    assert ended.data["discarded"] == ["intake.pay", "intake.hangs"]
    assert begun.decision is BeginDecision.RUN
    assert task


def test_a_held_workflow_goes_on_when_its_failed_run_is_marked(world: World) -> None:
    saga = Saga.start(world, on_failure=FailurePolicy.HOLD)
    saga.done("pay")
    saga.fail()
    world.rows.add_task("intake", saga.run_id, "complete", state="upstream_failed", operator=COMPLETE)
    world.rows.set_run_state("intake", saga.run_id, "failed")
    world.sweep()
    assert saga.detail().summary.state is WorkflowState.FAILED
    world.rows.mark_run("intake", saga.run_id, "success")

    world.sweep()

    summary = saga.detail().summary
    assert (summary.state, summary.error) == (WorkflowState.SUCCEEDED, None)
    assert _step(saga, "breaks") is StepState.SKIPPED


def test_a_person_may_still_undo_what_was_accepted(world: World) -> None:
    saga = Saga.start(world)
    task, _ = _hangs(saga, "running")
    world.rows.mark_task(task, "success")
    _complete(saga)

    world.backend.compensate_workflow(CompensateWorkflow(saga.workflow_id))

    assert saga.undo(saga.ask()) == ["hangs"]
