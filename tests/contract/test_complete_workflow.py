"""The contract of ``StateBackend.complete_workflow``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_wfstate.domain.messages.compensation import CompensationDeclaration, EndCompensation, TakeTurn
from airflow_wfstate.domain.messages.step import EndAttempt, LinkChildRun
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import CompensationState, StepState, WorkflowState
from airflow_wfstate.exceptions import IdempotencyConflict, WorkflowClosed, WorkflowNotFound, WorkflowUnfinished
from tests.support.world import World


def _complete(
    world: World, run_id: str, *, dag_id: str = "intake", idempotency_key: str | None = None
) -> CompleteWorkflow:
    task = world.rows.add_task(dag_id, run_id, world.unique("complete"))
    return CompleteWorkflow(task, Payload.of({"ok": True}), idempotency_key=idempotency_key)


def test_it_ends_the_workflow_with_output_and_what_was_not_reached(world: World) -> None:
    run_id = world.rows.add_run("intake")
    started = world.start(run_id, plan=["charge", "gift", "ship"])
    world.step_done(run_id, "charge", undo="task:charge")
    world.step_done(run_id, "ship")

    completed = world.backend.complete_workflow(_complete(world, run_id))

    assert completed.workflow.state is WorkflowState.SUCCEEDED
    assert completed.not_reached == ["gift"]
    detail = world.backend.get_workflow(started.workflow.id)
    assert detail.output == Payload.of({"ok": True})
    assert detail.not_reached == ["gift"]
    assert detail.summary.ended_at is not None
    assert detail.steps[0].compensations[0].state is CompensationState.DISCARDED
    assert world.told(started.workflow.id)[-1] == "workflow.succeeded"


@pytest.mark.parametrize("with_key", [False, True])
def test_sent_again_it_changes_nothing_and_answers_the_same(world: World, with_key: bool) -> None:
    run_id = world.rows.add_run("intake")
    started = world.start(run_id)
    request = _complete(world, run_id, idempotency_key=world.unique("key") if with_key else None)
    first = world.backend.complete_workflow(request)
    before = world.journal(started.workflow.id)

    assert world.backend.complete_workflow(request) == first
    assert world.journal(started.workflow.id) == before


def test_an_idempotency_key_with_another_output_is_refused(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    request = _complete(world, run_id, idempotency_key=world.unique("key"))
    world.backend.complete_workflow(request)

    with pytest.raises(IdempotencyConflict):
        world.backend.complete_workflow(
            CompleteWorkflow(request.task_instance_id, Payload.of("other"), request.idempotency_key)
        )


@pytest.mark.parametrize("over_failed_steps", [False, True])
@pytest.mark.parametrize("state", ["up_for_retry", "queued", None])
def test_a_failed_step_that_is_tried_again_refuses_it(world: World, over_failed_steps: bool, state: str | None) -> None:
    """A step beside the operator, whose task has retries left: the workflow is not done."""
    run_id = world.rows.add_run("intake")
    started = world.start(run_id)
    task, begun = world.begin(run_id, "invoice")
    world.fail(begun)
    world.rows.set_task_state(task, state)

    with pytest.raises(WorkflowUnfinished, match=r"retried: intake\.invoice is failed"):
        world.backend.complete_workflow(replace(_complete(world, run_id), over_failed_steps=over_failed_steps))
    assert world.state(started.workflow.id) is WorkflowState.RUNNING

    again = world.begin_as(world.rows.next_try(task), "invoice")
    world.succeed(again)
    assert world.backend.complete_workflow(_complete(world, run_id)).workflow.state is WorkflowState.SUCCEEDED


def test_a_step_that_failed_for_good_refuses_it_unless_its_author_lets_it_run_over_failures(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    task, begun = world.begin(run_id, "invoice")
    world.fail(begun)
    world.rows.set_task_state(task, "failed")

    with pytest.raises(WorkflowUnfinished, match=r"its step intake\.invoice is failed"):
        world.backend.complete_workflow(_complete(world, run_id))

    completed = world.backend.complete_workflow(replace(_complete(world, run_id), over_failed_steps=True))
    assert completed.workflow.state is WorkflowState.SUCCEEDED


def test_an_open_step_refuses_it(world: World) -> None:
    run_id = world.rows.add_run("intake")
    started = world.start(run_id)
    world.begin(run_id, "charge")
    before = world.journal(started.workflow.id)

    with pytest.raises(WorkflowUnfinished, match=r"intake\.charge is running"):
        world.backend.complete_workflow(_complete(world, run_id))
    assert world.journal(started.workflow.id) == before


def _guest(world: World, key: str, **options: Any) -> str:
    """A run that takes part in the workflow of the key as a guest."""
    guest_run = world.rows.add_run("intake")
    assert world.start(guest_run, key=key, **options).role is RunRole.GUEST
    return guest_run


def test_a_guest_waits_for_the_owner_and_gets_its_output(world: World) -> None:
    key, run_id = world.unique("key"), world.rows.add_run("intake")
    started = world.start(run_id, key=key)
    request = _complete(world, _guest(world, key), idempotency_key=world.unique("complete"))
    before = world.journal(started.workflow.id)

    waiting = [world.backend.complete_workflow(request) for _ in range(2)]

    assert [answer.workflow.state for answer in waiting] == [WorkflowState.RUNNING] * 2
    assert all("is only a guest of it" in str(answer.waits_for) for answer in waiting)
    assert world.journal(started.workflow.id) == before
    task = world.rows.add_task("intake", run_id, "complete")
    world.backend.complete_workflow(CompleteWorkflow(task, Payload.of("the owner's")))
    completed = world.backend.complete_workflow(request)
    assert (completed.waits_for, completed.output) == (None, Payload.of("the owner's"))
    assert world.backend.complete_workflow(request) == completed


@pytest.mark.parametrize(
    ("policy", "state", "remedy"),
    [
        (FailurePolicy.HOLD, WorkflowState.FAILED, "is on hold until an operator decides"),
        (FailurePolicy.COMPENSATE, WorkflowState.COMPENSATED, "start the key's next generation"),
    ],
)
def test_a_guest_that_waits_is_refused_with_the_remedy_when_the_workflow_ends_otherwise(
    world: World, policy: FailurePolicy, state: WorkflowState, remedy: str
) -> None:
    key, run_id = world.unique("key"), world.rows.add_run("intake")
    started = world.start(run_id, key=key, on_failure=policy)
    world.step_done(run_id, "reserve", undo="task:reserve")
    request = _complete(world, _guest(world, key))
    assert world.backend.complete_workflow(request).waits_for is not None
    world.rows.add_task("intake", run_id, "leaf", state="failed")
    relay = world.rows.add_task("intake", run_id, "compensate")
    turn = world.backend.take_turn(TakeTurn(relay, ["leaf"]))
    if turn.work is not None:
        world.backend.end_compensation(EndCompensation(turn.work.compensation_key, succeeded=True))
        world.backend.take_turn(TakeTurn(relay, ["leaf"]))

    with pytest.raises(WorkflowClosed, match=f"is {state.value}") as refused:
        world.backend.complete_workflow(request)
    assert remedy in str(refused.value)
    assert world.state(started.workflow.id) is state


def test_the_owner_waits_while_only_a_guest_is_at_a_step(world: World) -> None:
    key, run_id = world.unique("key"), world.rows.add_run("intake")
    world.start(run_id, key=key)
    _, of_guest = world.begin(_guest(world, key), "audit")
    request = _complete(world, run_id)

    waiting = world.backend.complete_workflow(request)
    assert waiting.workflow.state is WorkflowState.RUNNING
    assert "intake.audit is running" in str(waiting.waits_for)

    _, of_owner = world.begin(run_id, "charge")
    with pytest.raises(WorkflowUnfinished, match=r"intake\.charge is running"):
        world.backend.complete_workflow(request)
    world.succeed(of_owner)
    world.succeed(of_guest)
    assert world.backend.complete_workflow(request).workflow.state is WorkflowState.SUCCEEDED


def test_the_owner_waits_for_what_a_step_of_a_guest_has_triggered(world: World) -> None:
    key, run_id, child_run = world.unique("key"), world.rows.add_run("intake"), world.unique("child")
    world.start(run_id, key=key)
    task, begun = world.begin(_guest(world, key), "fulfil")
    world.backend.link_child_run(LinkChildRun(begun.attempt_key, 1, "fulfilment", child_run))
    world.rows.add_run("fulfilment", child_run)
    world.succeed(begun, write=2)
    world.rows.set_task_state(task, "success")
    world.begin(child_run, "pack", dag_id="fulfilment")
    request = _complete(world, run_id)

    assert "fulfilment.pack is running" in str(world.backend.complete_workflow(request).waits_for)


def test_an_unfinished_child_refuses_the_owner_but_the_child_itself_may_complete(world: World) -> None:
    run_id, child_run = world.rows.add_run("intake"), world.unique("child")
    started = world.start(run_id)
    task, begun = world.begin(run_id, "fulfil", compensation=CompensationDeclaration("task:fulfil"))
    world.backend.link_child_run(LinkChildRun(begun.attempt_key, 1, "fulfilment", child_run))
    world.rows.add_run("fulfilment", child_run)
    world.backend.end_attempt(EndAttempt(begun.attempt_key, 2, StepState.WAITING))
    world.rows.set_task_state(task, "deferred")

    completed = world.backend.complete_workflow(_complete(world, child_run, dag_id="fulfilment"))

    assert completed.workflow.id == started.workflow.id
    assert completed.workflow.state is WorkflowState.SUCCEEDED


def test_a_child_that_nobody_waits_for_refuses_the_owner(world: World) -> None:
    run_id, child_run = world.rows.add_run("intake"), world.unique("child")
    world.start(run_id)
    _, begun = world.begin(run_id, "fulfil")
    world.backend.link_child_run(LinkChildRun(begun.attempt_key, 1, "fulfilment", child_run))
    world.rows.add_run("fulfilment", child_run)
    world.succeed(begun, write=2)

    with pytest.raises(WorkflowUnfinished, match="unfinished child run: fulfilment"):
        world.backend.complete_workflow(_complete(world, run_id))
    world.rows.set_run_state("fulfilment", child_run, "success")
    assert world.backend.complete_workflow(_complete(world, run_id)).workflow.state is WorkflowState.SUCCEEDED


def test_a_run_without_a_workflow_has_nothing_to_complete(world: World) -> None:
    with pytest.raises(WorkflowNotFound, match="belongs to no workflow"):
        world.backend.complete_workflow(_complete(world, world.rows.add_run("intake")))
