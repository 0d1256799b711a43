"""The contract of runs that Airflow calls successful though their work is not done, or nobody has completed it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_wfstate.domain.messages.step import LinkChildRun
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.rules.flag import FlagKind
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy, SkipPolicy
from airflow_wfstate.domain.rules.states import CompensationState, StepState, WorkflowState
from airflow_wfstate.exceptions import WorkflowUnfinished
from tests.support.saga import Saga
from tests.support.world import World

COMPLETE = "CompleteWorkflowOperator"


def _end_run(saga: Saga, complete: str | None = "skipped", *, asks: bool = True) -> None:
    """End the run well. Its task that completes the workflow is in this state; None if it has none."""
    if complete is not None:
        saga.world.rows.add_task("intake", saga.run_id, "complete", state=complete, operator=COMPLETE)
    if asks:
        saga.ask()
        saga.world.rows.set_task_state(saga.relay, "success")
    saga.world.rows.set_run_state("intake", saga.run_id, "success")


def _failed_step(saga: Saga, *, dies: bool = False) -> str:
    """A step that failed (or died), above skipped leaves, as fail_fast leaves it; its task."""
    task, begun = saga.world.begin(saga.run_id, "bad")
    if not dies:
        saga.world.fail(begun, "no stock")
    saga.world.rows.set_task_state(task, "failed", ended_ago=timedelta(minutes=5))
    return task


@pytest.mark.parametrize("dies", [False, True], ids=["failed", "lost"])
@pytest.mark.parametrize("asks", [True, False], ids=["its relay asks", "without a relay"])
def test_a_run_that_ended_well_over_a_failed_step_follows_the_failure_policy(
    world: World, asks: bool, dies: bool
) -> None:
    saga = Saga.start(world)
    saga.done("quick")
    task = _failed_step(saga, dies=dies)
    if asks:
        answer = saga.ask()
    else:
        _end_run(saga, asks=False)
        world.sweep()
        assert saga.detail().summary.state is WorkflowState.COMPENSATING
        answer = saga.ask()

    assert saga.undo(answer) == ["quick"]
    assert ("failed" in (saga.detail().summary.error or "")) is bool(task)
    assert saga.detail().summary.state is WorkflowState.COMPENSATED


def test_so_does_one_that_no_operator_started(world: World) -> None:
    run_id = world.rows.add_run("plain")
    task, begun = world.begin(run_id, "load", dag_id="plain")
    world.fail(begun)
    world.rows.set_task_state(task, "failed")
    world.rows.set_run_state("plain", run_id, "success")

    world.sweep()

    assert world.state(begun.workflow.id) is WorkflowState.FAILED


def test_a_child_that_ended_well_over_a_failed_step_counts(world: World) -> None:
    saga = Saga.start(world, on_failure=FailurePolicy.HOLD)
    task, begun = world.begin(saga.run_id, "fulfil")
    child = world.unique("child")
    world.backend.link_child_run(LinkChildRun(begun.attempt_key, 1, "fulfilment", child))
    world.rows.add_run("fulfilment", child)
    packing, pack = world.begin(child, "pack", dag_id="fulfilment")
    world.fail(pack)
    world.rows.set_task_state(packing, "failed")
    world.rows.set_run_state("fulfilment", child, "success")
    world.succeed(begun, {"state": "success"}, write=2)
    world.rows.set_task_state(task, "success")

    complete = world.rows.add_task("intake", saga.run_id, "complete", operator=COMPLETE)
    with pytest.raises(WorkflowUnfinished, match=f"run {child} of DAG fulfilment ended although one of its steps"):
        world.backend.complete_workflow(CompleteWorkflow(complete, Payload.of(None)))
    world.sweep()

    assert saga.detail().summary.state is WorkflowState.FAILED


def test_a_failed_child_keeps_the_workflow_from_succeeding(world: World) -> None:
    saga = Saga.start(world)
    task, begun = world.begin(saga.run_id, "fulfil")
    child = world.unique("child")
    world.backend.link_child_run(LinkChildRun(begun.attempt_key, 1, "fulfilment", child))
    world.rows.add_run("fulfilment", child, state="failed")
    world.succeed(begun, write=2)
    world.rows.set_task_state(task, "success")

    complete = world.rows.add_task("intake", saga.run_id, "complete", operator=COMPLETE)
    with pytest.raises(WorkflowUnfinished, match=f"run {child} of DAG fulfilment failed"):
        world.backend.complete_workflow(CompleteWorkflow(complete, Payload.of(None)))


def test_a_failed_step_whose_task_was_marked_as_success_is_accepted(world: World) -> None:
    saga = Saga.start(world)
    saga.done("quick")
    world.rows.mark_task(_failed_step(saga), "success")
    _end_run(saga, "skipped")

    world.sweep()

    assert saga.detail().summary.state is WorkflowState.RUNNING
    assert {step.name: step.state for step in saga.detail().steps}["bad"] is StepState.SKIPPED


def test_nothing_to_do_is_a_normal_end(world: World) -> None:
    """An empty mapping: its items are skipped, and so is everything below them."""
    saga = Saga.start(world, plan=["find", "pay"])
    world.step_done(saga.run_id, "find", [])
    _end_run(saga)

    world.sweep()

    assert saga.detail().summary.state is WorkflowState.SUCCEEDED
    ended = world.journal(saga.workflow_id)[-1]
    assert ended.data["cause"] == "Its CompleteWorkflowOperator was skipped, and there is nothing to undo."
    assert ended.data["not_reached"] == ["pay"]


def test_with_something_to_undo_it_waits_and_the_flag_says_what_each_command_does(world: World) -> None:
    saga = Saga.start(world)
    saga.done("pay", "pack", "label", "weigh")
    _end_run(saga)

    world.sweep()

    summary = saga.detail().summary
    assert summary.state is WorkflowState.RUNNING
    flag = next(flag for flag in summary.flags if flag.kind is FlagKind.NOT_COMPLETED)
    assert "its CompleteWorkflowOperator was skipped" in flag.cause
    assert "'compensate' undoes intake.pay, intake.pack, intake.label and 1 more" in flag.cause
    assert "'cancel' ends it, and discards these undos (4)" in flag.cause
    assert flag.command == f"airflow wfstate compensate {saga.workflow_id} --plan"


def test_that_flag_is_right_that_a_mark_completes_it(world: World) -> None:
    saga = Saga.start(world)
    saga.done("pay")
    _end_run(saga)
    world.sweep()
    complete = world.rows.find_task("intake", saga.run_id, "complete")
    assert complete is not None
    world.rows.mark_task(complete[0], "success")

    world.sweep()

    assert saga.detail().summary.state is WorkflowState.SUCCEEDED
    assert saga.compensations() == {"pay": CompensationState.DISCARDED}


def test_on_skip_complete_lets_it_succeed(world: World) -> None:
    saga = Saga.start(world, on_skip=SkipPolicy.COMPLETE)
    saga.done("pay")
    _end_run(saga)

    world.sweep()

    assert saga.detail().summary.state is WorkflowState.SUCCEEDED
    assert world.journal(saga.workflow_id)[-1].data["discarded"] == ["intake.pay"]


@pytest.mark.parametrize("on_failure", [FailurePolicy.COMPENSATE, FailurePolicy.HOLD])
def test_on_skip_compensate_undoes_it_whatever_follows_a_failure(world: World, on_failure: FailurePolicy) -> None:
    saga = Saga.start(world, on_skip=SkipPolicy.COMPENSATE, on_failure=on_failure)
    saga.done("pay")
    _end_run(saga)

    world.sweep()

    assert saga.detail().summary.state is WorkflowState.COMPENSATING
    assert saga.undo(saga.ask()) == ["pay"]
    summary = saga.detail().summary
    assert (summary.state, summary.error) == (
        WorkflowState.COMPENSATED,
        "The CompleteWorkflowOperator was skipped.",
    )


@pytest.mark.parametrize("why", ["no operator completes it", "a participant is to come", "its plan names another"])
def test_while_somebody_else_is_to_complete_it_is_only_flagged(world: World, why: str) -> None:
    saga = Saga.start(
        world,
        on_skip=SkipPolicy.COMPLETE,
        participants=["carrier"] if why == "a participant is to come" else None,
        plan=["pay", "carrier.deliver"] if why == "its plan names another" else None,
    )
    world.step_done(saga.run_id, "pay")
    _end_run(saga, None if why == "no operator completes it" else "skipped")

    world.sweep()

    summary = saga.detail().summary
    assert summary.state is WorkflowState.RUNNING
    flag = next(flag for flag in summary.flags if flag.kind is FlagKind.NOT_COMPLETED)
    assert flag.command == f"airflow wfstate cancel {saga.workflow_id}"
    assert "nothing to undo" in flag.cause


def test_a_workflow_that_is_reopened_and_whose_end_stands_ends_again_with_its_output(world: World) -> None:
    saga = Saga.start(world)
    task, begun = world.begin(saga.run_id, "pay")
    world.succeed(begun, "first")
    world.rows.set_task_state(task, "success")
    complete = world.rows.add_task("intake", saga.run_id, "complete", operator=COMPLETE)
    world.backend.complete_workflow(CompleteWorkflow(complete, Payload.of("done")))
    world.rows.set_task_state(complete, "success")
    cleared = world.rows.next_try(task, state="success")
    world.succeed(world.begin_as(cleared, "pay"), "second")
    world.rows.set_task_state(cleared, "success")
    _end_run(saga, None)

    world.sweep()

    detail = saga.detail()
    assert detail.summary.state is WorkflowState.SUCCEEDED
    assert detail.output == Payload.of("done")
