"""The contract of ``StateBackend.compensate_workflow`` and ``plan_compensate``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration, EndCompensation, TurnDecision
from airflow_wfstate.domain.messages.step import BeginStep
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import CompensationState, WorkflowState
from airflow_wfstate.domain.rules.undo_order import CompensateWhen
from airflow_wfstate.exceptions import IdempotencyConflict, WorkflowClosed, WorkflowNotFound
from tests.support.saga import Saga
from tests.support.world import World

_C, _W = CompensationState, WorkflowState


def _succeeded(world: World) -> Saga:
    """A workflow that has succeeded with two steps; its run is over."""
    saga = Saga.start(world)
    saga.done("one", "two")
    task = world.rows.add_task("intake", saga.run_id, "complete")
    world.backend.complete_workflow(CompleteWorkflow(task, Payload.of(None)))
    world.rows.set_task_state(task, "success")
    world.rows.set_task_state(saga.relay, "success")
    world.rows.set_run_state("intake", saga.run_id, "success")
    return saga


def test_a_succeeded_workflow_is_undone_newest_step_first(world: World) -> None:
    saga = _succeeded(world)
    assert saga.compensations() == {"one": _C.DISCARDED, "two": _C.DISCARDED}

    answer = world.backend.compensate_workflow(CompensateWorkflow(saga.workflow_id, reason="recalled", actor="cli:ada"))

    assert (answer.changed, answer.workflow.state) == (True, _W.COMPENSATING)
    assert saga.compensations() == {"one": _C.ARMED, "two": _C.ARMED}
    entry = next(e for e in world.journal(saga.workflow_id) if e.kind.value == "workflow.compensating")
    assert (entry.data["by"], entry.data["reason"], entry.data["from"]) == ("compensate", "recalled", "succeeded")
    assert entry.actor in ("cli:ada", "user:admin")
    assert world.told(saga.workflow_id)[-1] == "turn.given intake.two"
    assert saga.undo(saga.ask()) == ["two", "one"]
    assert saga.detail().summary.state is _W.COMPENSATED


def test_a_failed_one_that_was_held_is_undone(world: World) -> None:
    saga = Saga.start(world, on_failure=FailurePolicy.HOLD)
    saga.done("one")
    assert saga.fail().decision is TurnDecision.NOTHING

    assert world.backend.compensate_workflow(CompensateWorkflow(saga.workflow_id)).changed

    assert saga.undo(saga.ask()) == ["one"]
    assert saga.detail().summary.state is _W.COMPENSATED


def test_a_running_one_is_ended_first(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one")
    task, _ = world.begin(saga.run_id, "two")

    answer = world.backend.compensate_workflow(CompensateWorkflow(saga.workflow_id))

    assert (answer.workflow.state, answer.failed_tasks > 0) == (_W.COMPENSATING, True)
    assert world.rows.task_state(task) == "failed"
    with pytest.raises(WorkflowClosed, match="is compensating"):
        world.begin(saga.run_id, "three")


def test_what_failed_to_be_undone_is_tried_again_with_as_many_attempts(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one", "two")
    assert saga.undo(saga.fail(), fails=["two"]) == ["two"]

    answer = world.backend.compensate_workflow(CompensateWorkflow(saga.workflow_id))

    assert (answer.changed, answer.workflow.state) == (True, _W.COMPENSATING)
    assert saga.detail().summary.hold_reason is None
    assert saga.undo(saga.ask()) == ["two", "one"]
    assert saga.detail().summary.state is _W.COMPENSATED
    (two,) = [step for step in saga.detail().steps if step.name == "two"]
    assert (two.compensations[-1].attempts, two.compensations[-1].max_attempts) == (2, 2)


@pytest.mark.parametrize("again", ["while it is undone", "when it is compensated"])
def test_a_second_wish_changes_nothing(world: World, again: str) -> None:
    saga = _succeeded(world)
    world.backend.compensate_workflow(CompensateWorkflow(saga.workflow_id))
    if again == "when it is compensated":
        saga.undo(saga.ask())
    before = world.journal(saga.workflow_id)

    assert not world.backend.compensate_workflow(CompensateWorkflow(saga.workflow_id)).changed
    assert not world.backend.plan_compensate(saga.workflow_id).changes

    assert world.journal(saga.workflow_id) == before


def test_many_at_once_undo_once(world: World) -> None:
    saga = _succeeded(world)
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(world.backend.compensate_workflow, [CompensateWorkflow(saga.workflow_id) for _ in range(8)])
        )
    assert sum(answer.changed for answer in answers) == 1
    assert world.told(saga.workflow_id).count("workflow.compensating") == 1


def test_with_nothing_to_undo_it_stays_as_it_is(world: World) -> None:
    saga = Saga.start(world)
    answer = world.backend.compensate_workflow(CompensateWorkflow(saga.workflow_id))
    assert (answer.changed, answer.workflow.state) == (False, _W.RUNNING)
    assert "nothing to undo" in answer.outcome


def test_a_cancelled_one_is_refused(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one")
    world.backend.cancel_workflow(CancelWorkflow(saga.workflow_id))
    with pytest.raises(WorkflowClosed, match="was cancelled"):
        world.backend.compensate_workflow(CompensateWorkflow(saga.workflow_id))
    with pytest.raises(WorkflowClosed, match="was cancelled"):
        world.backend.plan_compensate(saga.workflow_id)


def test_an_unknown_one_is_not_found(world: World) -> None:
    with pytest.raises(WorkflowNotFound):
        world.backend.compensate_workflow(CompensateWorkflow("01900000-0000-7000-8000-000000000000"))


def test_sent_again_it_answers_the_same_and_with_another_body_it_is_refused(world: World) -> None:
    saga = _succeeded(world)
    wish = CompensateWorkflow(saga.workflow_id, idempotency_key=world.unique("key"), actor="cli:ada")
    first = world.backend.compensate_workflow(wish)
    assert world.backend.compensate_workflow(wish) == first
    other = CompensateWorkflow(saga.workflow_id, reason="other", idempotency_key=wish.idempotency_key)
    with pytest.raises(IdempotencyConflict):
        world.backend.compensate_workflow(other)


def test_the_plan_lists_in_order_what_is_undone_with_its_payload_and_changes_nothing(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one", "two", "three")
    task = world.rows.add_task("intake", saga.run_id, "mail")
    mail = world.backend.begin_step(BeginStep(task, "mail", irreversible="email sent"))
    world.succeed(mail)
    world.rows.set_task_state(task, "success")
    saga.undo(saga.fail(), fails=["two"])
    before = world.journal(saga.workflow_id)

    plan = world.backend.plan_compensate(saga.workflow_id)

    assert (plan.changes, plan.next_state) == (True, _W.COMPENSATING)
    assert [(item.step, item.state, item.output) for item in plan.undone] == [
        ("intake.two", _C.FAILED, Payload.of({"of": "two"})),
        ("intake.one", _C.ARMED, Payload.of({"of": "one"})),
    ]
    assert [(item.step, item.state) for item in plan.already] == [("intake.three", _C.DONE)]
    assert [(item.step, item.reason) for item in plan.irreversible] == [("intake.mail", "email sent")]
    assert all("intake is gone" in (item.obstacle or "") for item in plan.undone), "the test's DAG is not serialized"
    assert world.journal(saga.workflow_id) == before


def test_the_plan_names_a_relay_that_is_missing(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one")
    world.rows.delete_task(saga.relay)
    (item,) = world.backend.plan_compensate(saga.workflow_id).undone
    assert "its task compensate is" in (item.obstacle or "")


def test_the_plan_names_what_needs_no_undo(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one")
    task, charge = world.begin(
        saga.run_id, "charge", compensation=CompensationDeclaration("task:charge", when=CompensateWhen.COMPLETED)
    )
    world.fail(charge, "no money")
    world.rows.set_task_state(task, "failed")

    def told() -> list[tuple[str, CompensationState]]:
        return [(item.step, item.state) for item in world.backend.plan_compensate(saga.workflow_id).not_needed]

    assert told() == [("intake.charge", _C.ARMED)]

    work = saga.fail().work
    assert work is not None
    end = EndCompensation(work.compensation_key, succeeded=True, nothing_to_undo="the box was never taped")
    world.backend.end_compensation(end)
    saga.ask()

    assert told() == [("intake.one", _C.NOT_NEEDED), ("intake.charge", _C.NOT_NEEDED)]
