"""The contract of ``StateBackend.complete_workflow``."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.compensation import CompensationDeclaration
from airflow_wfstate.domain.payload import Payload
from airflow_wfstate.domain.states import CompensationState, StepState, WorkflowState
from airflow_wfstate.domain.step import EndAttempt, LinkChildRun
from airflow_wfstate.domain.workflow import CompleteWorkflow, RunRole
from airflow_wfstate.exceptions import IdempotencyConflict, WorkflowNotFound, WorkflowUnfinished
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


def test_an_open_step_refuses_it(world: World) -> None:
    run_id = world.rows.add_run("intake")
    started = world.start(run_id)
    world.begin(run_id, "charge")
    before = world.journal(started.workflow.id)

    with pytest.raises(WorkflowUnfinished, match=r"intake\.charge is running"):
        world.backend.complete_workflow(_complete(world, run_id))
    assert world.journal(started.workflow.id) == before


def test_a_guest_cannot_complete_what_still_runs(world: World) -> None:
    key = world.unique("key")
    world.start(key=key)
    guest_run = world.rows.add_run("intake")
    assert world.start(guest_run, key=key).role is RunRole.GUEST

    with pytest.raises(WorkflowUnfinished, match="is its guest"):
        world.backend.complete_workflow(_complete(world, guest_run))


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
