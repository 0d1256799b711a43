"""The contract of what a workflow's state shows: its error, the step that fails, its times and its progress."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.messages.failing import FailedStep, FailingStep
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow, WorkflowSummary
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.domain.rules.text.error_line import error_line
from airflow_wfstate.domain.rules.undo_order import CompensateWhen
from tests.support.saga import BREAKS, Saga
from tests.support.world import World


def _shown(world: World, workflow_id: str) -> WorkflowSummary:
    """The summary, as on its page and in the list, which shows one line of each error."""
    summary = world.backend.get_workflow(workflow_id).summary
    (listed,) = world.backend.list_workflows(WorkflowQuery(name=summary.name, key=summary.key)).workflows
    failing = None if summary.failing is None else replace(summary.failing, error=_line(summary.failing.error))
    told = {"error": _line(summary.error), "hold_reason": _line(summary.hold_reason), "failing": failing}
    assert [flag.kind for flag in listed.flags] == [flag.kind for flag in summary.flags]
    assert replace(listed, flags=[]) == replace(summary, flags=[], **told)
    return summary


def _line(error: str | None) -> str | None:
    return None if error is None else error_line(error)


def _failing(world: World, workflow_id: str) -> FailingStep:
    shown = _shown(world, workflow_id)
    assert shown.state is WorkflowState.RUNNING
    assert shown.failing is not None
    return shown.failing


def _failed(world: World, workflow_id: str) -> FailedStep:
    failed = _shown(world, workflow_id).failed_step
    assert failed is not None
    return failed


def _fail_step(world: World, run_id: str, name: str, error: str = "broken", item_key: str = "") -> str:
    task = world.rows.add_task("intake", run_id, f"{name}_{item_key}" if item_key else name)
    world.fail(world.begin_as(task, name, item_key=item_key), error)
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(seconds=30))
    return task


def test_an_error_goes_when_a_clear_sets_the_workflow_going_and_the_journal_keeps_it(world: World) -> None:
    saga = Saga.start(world, on_failure=FailurePolicy.HOLD)
    task = world.rows.add_task("intake", saga.run_id, BREAKS)
    world.fail(world.begin_as(task, BREAKS), "no money")
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(seconds=60))
    saga.ask()
    failed = _shown(world, saga.workflow_id)
    assert (failed.error, failed.forward_ended_at) == (f"Step {BREAKS} failed: no money", failed.updated_at)

    world.rows.count_clear("intake", saga.run_id)
    begun = world.begin_as(world.rows.next_try(task), BREAKS)

    running = _shown(world, saga.workflow_id)
    assert (running.state, running.error, running.hold_reason) == (WorkflowState.RUNNING, None, None)
    assert (running.failing, running.forward_ended_at, running.ended_at) == (None, None, None)
    world.succeed(begun)
    world.backend.complete_workflow(
        CompleteWorkflow(world.rows.add_task("intake", saga.run_id, "complete"), Payload.of("done"))
    )
    succeeded = _shown(world, saga.workflow_id)
    assert (succeeded.state, succeeded.error) == (WorkflowState.SUCCEEDED, None)
    assert succeeded.forward_ended_at == succeeded.ended_at is not None
    (entry,) = [entry for entry in world.journal(saga.workflow_id) if entry.kind.value == "workflow.failed"]
    assert entry.data["error"] == f"Step {BREAKS} failed: no money"


def test_a_step_that_failed_is_named_until_its_run_is_judged(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one")
    assert _shown(world, saga.workflow_id).failing is None

    _fail_step(world, saga.run_id, BREAKS, "no money")

    failing = _failing(world, saga.workflow_id)
    assert (failing.step, failing.error, failing.is_retried, failing.others) == (
        f"intake.{BREAKS}",
        "no money",
        False,
        0,
    )
    assert failing.since.tzinfo is not None
    saga.ask()
    shown = _shown(world, saga.workflow_id)
    assert (shown.state, shown.failing) == (WorkflowState.COMPENSATING, None)
    assert shown.error == f"Step {BREAKS} failed: no money"


def test_a_retry_is_told_from_a_failure(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task, begun = world.begin(run_id, "charge")
    world.fail(begun, "the bank is closed")

    retried = world.rows.next_try(task)
    world.rows.set_task_state(retried, "up_for_retry")
    failing = _failing(world, workflow_id)
    assert (failing.error, failing.is_retried) == ("the bank is closed", True)
    world.rows.set_task_state(retried, "queued")
    assert _failing(world, workflow_id).is_retried
    world.rows.set_task_state(retried, "running")
    world.begin_as(retried, "charge")
    assert _shown(world, workflow_id).failing is None


def test_of_several_the_one_that_is_not_tried_again_is_named_and_the_others_are_counted(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    for item in ("a", "b", "c"):
        task = _fail_step(world, run_id, "paint", f"no paint for {item}", item_key=item)
        if item == "a":
            world.rows.set_task_state(world.rows.next_try(task), "up_for_retry")

    failing = _failing(world, workflow_id)

    assert (failing.step, failing.error, failing.is_retried, failing.others) == (
        "intake.paint[b]",
        "no paint for b",
        False,
        2,
    )


def test_a_process_that_died_is_told_before_the_sweep_comes(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task, _ = world.begin(run_id, "charge")

    world.rows.set_task_state(task, "failed", ended_ago=timedelta(seconds=1))

    failing = _failing(world, workflow_id)
    assert (failing.step, failing.error, failing.is_retried) == ("intake.charge", None, False)


@pytest.mark.parametrize("mark", ["success", "skipped"])
def test_a_failure_that_somebody_marked_away_by_hand_counts_no_more(world: World, mark: str) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task = _fail_step(world, run_id, "charge")

    world.rows.set_task_state(task, mark)

    assert _shown(world, workflow_id).failing is None


def test_the_time_of_the_undo_is_apart_from_that_of_the_work(world: World) -> None:
    saga = Saga.start(world, on_failure=FailurePolicy.HOLD)
    saga.done("one")
    saga.fail()
    failed_at = _shown(world, saga.workflow_id).forward_ended_at
    assert failed_at is not None

    world.backend.compensate_workflow(CompensateWorkflow(saga.workflow_id))
    assert _shown(world, saga.workflow_id).forward_ended_at == failed_at
    saga.undo(saga.ask())

    shown = _shown(world, saga.workflow_id)
    assert shown.state is WorkflowState.COMPENSATED
    assert shown.forward_ended_at == failed_at
    assert shown.ended_at is not None
    assert shown.started_at < failed_at < shown.ended_at


def test_what_was_undone_is_neither_failed_nor_done(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one", "two")
    world.step_done(saga.run_id, "greet")
    saga.undo(saga.fail())

    progress = saga.detail().progress
    shown = _shown(world, saga.workflow_id)

    assert (progress.compensated, progress.failed) == (["intake.one", "intake.two"], [f"intake.{BREAKS}"])
    assert (progress.done, progress.total) == (["intake.greet"], 4)
    assert (shown.steps_done, shown.steps_failed, shown.steps_compensated, shown.steps_total) == (1, 1, 2, 4)


def test_the_failed_step_is_named_with_its_task_whatever_follows(world: World) -> None:
    saga = Saga.start(world, on_failure=FailurePolicy.HOLD)
    saga.done("one")
    assert _shown(world, saga.workflow_id).failed_step is None
    trace = 'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\nValueError: no money\n'
    task = _fail_step(world, saga.run_id, BREAKS, trace)

    failed = _failed(world, saga.workflow_id)

    assert (failed.step, failed.error, failed.state) == (f"intake.{BREAKS}", "ValueError: no money", StepState.FAILED)
    assert (failed.dag_id, failed.run_id, failed.task_id) == ("intake", saga.run_id, BREAKS)
    assert (failed.attempt, failed.map_index, failed.try_number) == (1, -1, 1)
    assert world.backend.get_step(saga.workflow_id, failed.step_id).error == trace
    saga.ask()
    assert _shown(world, saga.workflow_id).state is WorkflowState.FAILED
    assert _failed(world, saga.workflow_id) == failed
    world.backend.cancel_workflow(CancelWorkflow(saga.workflow_id))
    assert _failed(world, saga.workflow_id) == failed
    assert task == world.backend.get_step(saga.workflow_id, failed.step_id).attempts[0].task_instance_id


def test_a_step_that_a_cancel_stopped_has_not_failed(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task, begun = world.begin(run_id, "charge")
    world.backend.cancel_workflow(CancelWorkflow(workflow_id))

    world.rows.set_task_state(task, "failed", ended_ago=timedelta(0))
    assert _shown(world, workflow_id).failed_step is None
    world.fail(begun, "terminated")
    assert _shown(world, workflow_id).failed_step is None


def test_a_step_that_failed_and_was_undone_is_still_the_one_that_failed(world: World) -> None:
    saga = Saga.start(world)
    undo = CompensationDeclaration("undo", CompensateWhen.ATTEMPTED)
    task = world.rows.add_task("intake", saga.run_id, BREAKS)
    world.fail(world.begin_as(task, BREAKS, compensation=undo), "no money")
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(seconds=30))

    saga.undo(saga.ask())

    failed = _failed(world, saga.workflow_id)
    assert _shown(world, saga.workflow_id).state is WorkflowState.COMPENSATED
    assert (failed.step, failed.error, failed.state) == (f"intake.{BREAKS}", "no money", StepState.COMPENSATED)


def test_a_workflow_that_succeeded_over_a_failed_step_names_none(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    _fail_step(world, run_id, "notify")
    assert _failed(world, workflow_id).step == "intake.notify"

    complete = world.rows.add_task("intake", run_id, "complete")
    world.backend.complete_workflow(CompleteWorkflow(complete, Payload.of(None), over_failed_steps=True))

    shown = _shown(world, workflow_id)
    assert (shown.state, shown.failed_step) == (WorkflowState.SUCCEEDED, None)
