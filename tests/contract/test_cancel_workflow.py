"""The contract of ``StateBackend.cancel_workflow``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensation import (
    CompensationDeclaration,
    EndCompensation,
    TakeTurn,
    TurnDecision,
)
from airflow_wfstate.domain.messages.step import BeginDecision, EndAttempt, LinkChildRun, SaveCheckpoint
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import CompensationState, StepState, WorkflowState
from airflow_wfstate.exceptions import (
    IdempotencyConflict,
    TaskInstanceNotFound,
    WorkflowClosed,
    WorkflowNotFound,
)
from tests.support.running_order import RunningOrder, running_order
from tests.support.world import World

UNDO = CompensationDeclaration("task:undo", max_attempts=1)


@pytest.fixture
def order(world: World) -> RunningOrder:
    return running_order(world)


def test_a_cancel_ends_the_tasks_of_owner_and_child_and_discards_what_could_undo(order: RunningOrder) -> None:
    world = order.world
    wish = CancelWorkflow(order.workflow_id, reason="the customer called", actor="cli:ada")

    cancelled = world.backend.cancel_workflow(wish)

    assert (cancelled.workflow.state, cancelled.changed) == (WorkflowState.CANCELLED, True)
    assert (cancelled.failed_tasks, cancelled.discarded) == (4, 3)
    assert set(order.task_states().values()) == {"failed"}
    assert {relay: world.rows.task_state(task) for relay, task in order.relays.items()} == {
        "intake": None,
        "fulfilment": None,
    }
    assert set(order.compensations().values()) == {CompensationState.DISCARDED}
    last = world.journal(order.workflow_id)[-1]
    assert last.kind.value == "workflow.cancelled"
    assert last.actor in ("cli:ada", "user:admin")
    assert last.data["reason"] == "the customer called"
    assert last.data["discarded"] == [
        "intake.reserve (round 1)",
        "fulfilment.pack (round 1)",
        "fulfilment.load (round 1)",
    ]
    summary = world.backend.get_workflow(order.workflow_id).summary
    assert summary.ended_at is not None


def test_a_cancelled_task_has_ended_now_and_waits_for_no_trigger(order: RunningOrder) -> None:
    rows = order.world.rows
    rows.wait_for_trigger(order.tasks["fulfil"])
    order.cancel()

    ended = rows.task_row(order.tasks["fulfil"])
    workflow = order.world.backend.get_workflow(order.workflow_id).summary
    assert ended["trigger_id"] is None
    assert ended["end_date"] == workflow.ended_at
    assert ended["start_date"] is not None


@pytest.mark.parametrize("compensate", [False, True])
def test_no_further_step_begins_and_the_refusal_changes_nothing(order: RunningOrder, compensate: bool) -> None:
    world = order.world
    order.cancel(compensate=compensate)
    before, state = world.journal(order.workflow_id), order.state()
    late = world.rows.add_task("fulfilment", order.child_run, "late")
    complete = world.rows.add_task("intake", order.run_id, "complete")
    world.rows.count_clear("fulfilment", order.child_run)

    with pytest.raises(WorkflowClosed, match=f"cannot begin: workflow order / {order.key} .* is {state.value}"):
        world.begin_as(late, "late")
    with pytest.raises(TaskInstanceNotFound, match="is failed, not running"):
        world.begin_as(order.tasks["load"], "load")
    with pytest.raises(WorkflowClosed):
        world.backend.save_checkpoint(SaveCheckpoint(order.load.attempt_key, 1, "row", Payload.of(1)))
    with pytest.raises(WorkflowClosed):
        world.backend.link_child_run(LinkChildRun(order.load.attempt_key, 1, "other", world.unique("child")))
    with pytest.raises(WorkflowClosed):
        world.backend.complete_workflow(CompleteWorkflow(complete, Payload.of(None)))
    assert (world.journal(order.workflow_id), order.state()) == (before, state)


def test_a_step_that_ends_in_time_is_recorded_as_it_ended(order: RunningOrder) -> None:
    order.cancel()

    order.world.succeed(order.load, {"half": True})

    (load,) = [step for step in order.world.backend.get_workflow(order.workflow_id).steps if step.name == "load"]
    assert (load.state, load.output) == (StepState.SUCCEEDED, Payload.of({"half": True}))
    assert order.state() is WorkflowState.CANCELLED


def test_with_compensation_everything_is_undone_in_order_once_the_workflow_rests(
    order: RunningOrder,
) -> None:
    world = order.world
    assert order.cancel(compensate=True) is WorkflowState.COMPENSATING
    for relay in order.relays.values():
        world.rows.set_task_state(relay, "running")

    def ask(dag_id: str) -> TurnDecision | str:
        answer = world.backend.take_turn(TakeTurn(order.relays[dag_id], []))
        if answer.work is None:
            return answer.decision
        assert str(answer.work.error).startswith("Cancelled by ")
        world.backend.end_compensation(EndCompensation(answer.work.compensation_key, succeeded=True))
        return answer.work.step_name

    # ``load`` keeps running for some seconds, and ``fulfil`` has just been ended.
    assert ask("fulfilment") is TurnDecision.NOT_AT_REST
    world.succeed(order.load)
    assert ask("fulfilment") is TurnDecision.NOT_AT_REST
    world.rows.set_task_state(order.tasks["fulfil"], "failed", ended_ago=timedelta(minutes=1))
    undone = [ask("intake"), ask("fulfilment"), ask("fulfilment"), ask("fulfilment"), ask("intake"), ask("intake")]
    assert undone == [
        TurnDecision.HANDED_OVER,
        "load",
        "pack",
        TurnDecision.HANDED_OVER,
        "reserve",
        TurnDecision.FINISHED,
    ]
    assert order.state() is WorkflowState.COMPENSATED


def test_a_failed_run_does_not_judge_a_cancelled_workflow_again(order: RunningOrder) -> None:
    world = order.world
    order.cancel()
    before = world.journal(order.workflow_id)
    world.rows.set_task_state(order.relays["intake"], "running")

    answer = world.backend.take_turn(TakeTurn(order.relays["intake"], ["fulfil", "bill"]))

    assert answer.decision is TurnDecision.NOTHING
    told = world.told(order.workflow_id)
    assert "workflow.failed" not in told
    assert len(told) - len(before) <= 1  # a relay may make itself known; its run is no news
    assert order.state() is WorkflowState.CANCELLED


def test_compensation_of_a_workflow_that_did_nothing_is_a_cancel(world: World) -> None:
    workflow_id = world.start().workflow.id

    cancelled = world.backend.cancel_workflow(CancelWorkflow(workflow_id, compensate=True))

    assert (cancelled.workflow.state, cancelled.outcome) == (
        WorkflowState.CANCELLED,
        "It is cancelled; there is nothing to undo.",
    )


def test_tasks_of_guests_and_of_other_workflows_are_left_alone(order: RunningOrder) -> None:
    world = order.world
    guest = world.rows.add_run("audit")
    world.start(guest, dag_id="audit", key=order.key)
    stranger = world.rows.add_run("intake")
    world.start(stranger)
    tasks = [
        world.rows.add_task("audit", guest, "look"),
        world.rows.add_task("intake", stranger, "reserve"),
    ]

    order.cancel()

    assert [world.rows.task_state(task) for task in tasks] == ["running", "running"]


def test_a_guest_that_is_at_a_step_may_end_it(order: RunningOrder) -> None:
    world = order.world
    guest = world.rows.add_run("audit")
    world.start(guest, dag_id="audit", key=order.key)
    task, begun = world.begin(guest, "look", dag_id="audit")
    world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.WAITING))
    order.cancel()

    again = world.begin_as(task, "look")

    assert (again.decision, again.attempt) == (BeginDecision.RUN, 1)
    world.succeed(again)


def test_a_failed_workflow_is_cancelled_or_compensated(world: World) -> None:
    for compensate, expected in ((False, WorkflowState.CANCELLED), (True, WorkflowState.COMPENSATING)):
        run_id = world.rows.add_run("intake")
        workflow_id = world.start(run_id, on_failure=FailurePolicy.HOLD).workflow.id
        world.step_done(run_id, "reserve", undo="task:reserve")
        world.rows.add_task("intake", run_id, "leaf", state="failed")
        relay = world.rows.add_task("intake", run_id, "compensate")
        world.backend.take_turn(TakeTurn(relay, ["leaf"]))
        assert world.state(workflow_id) is WorkflowState.FAILED

        cancelled = world.backend.cancel_workflow(CancelWorkflow(workflow_id, compensate=compensate))

        assert cancelled.workflow.state is expected
        summary = world.backend.get_workflow(workflow_id).summary
        assert summary.error is not None
        assert summary.hold_reason is None


@pytest.mark.parametrize("compensate", [False, True])
@pytest.mark.parametrize("state", ["succeeded", "compensated", "cancelled"])
def test_what_has_ended_stays_and_the_answer_says_so(world: World, state: str, compensate: bool) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    if state == "succeeded":
        complete = world.rows.add_task("intake", run_id, "complete")
        world.backend.complete_workflow(CompleteWorkflow(complete, Payload.of(None)))
    elif state == "cancelled":
        world.backend.cancel_workflow(CancelWorkflow(workflow_id))
    else:
        world.step_done(run_id, "reserve", undo="task:reserve")
        world.backend.cancel_workflow(CancelWorkflow(workflow_id, compensate=True))
        relay = world.rows.add_task("intake", run_id, "compensate")
        turn = world.backend.take_turn(TakeTurn(relay, []))
        assert turn.work is not None
        world.backend.end_compensation(EndCompensation(turn.work.compensation_key, succeeded=True))
        world.backend.take_turn(TakeTurn(relay, []))
    before = world.journal(workflow_id)
    task = world.rows.add_task("intake", run_id, "left")

    answers = [world.backend.cancel_workflow(CancelWorkflow(workflow_id, compensate=compensate)) for _ in range(2)]

    assert answers[0] == answers[1]
    assert (answers[0].changed, answers[0].workflow.state.value) == (False, state)
    assert answers[0].outcome == f"The workflow has already ended ({state}); a cancel changes nothing."
    assert not world.backend.plan_cancel(workflow_id, compensate=compensate).changes
    assert world.journal(workflow_id) == before
    assert world.rows.task_state(task) == "running"


@pytest.mark.parametrize("compensate", [False, True])
def test_what_is_being_undone_cannot_be_cancelled(order: RunningOrder, compensate: bool) -> None:
    order.cancel(compensate=True)
    before = order.world.journal(order.workflow_id)

    with pytest.raises(WorkflowClosed, match="is being compensated and cannot be cancelled"):
        order.cancel(compensate=compensate)
    with pytest.raises(WorkflowClosed, match="is being compensated"):
        order.world.backend.plan_cancel(order.workflow_id, compensate=compensate)
    assert order.world.journal(order.workflow_id) == before


def test_what_could_not_be_undone_is_given_up(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    world.step_done(run_id, "reserve", undo="task:reserve")
    task, begun = world.begin(run_id, "charge", compensation=UNDO)
    world.succeed(begun)
    world.rows.set_task_state(task, "success")
    world.backend.cancel_workflow(CancelWorkflow(workflow_id, compensate=True))
    relay = world.rows.add_task("intake", run_id, "compensate")
    turn = world.backend.take_turn(TakeTurn(relay, []))
    assert turn.work is not None
    world.backend.end_compensation(EndCompensation(turn.work.compensation_key, False, "the bank is closed"))
    with pytest.raises(WorkflowClosed, match="Give up the remaining compensations with: airflow wfstate cancel"):
        world.backend.cancel_workflow(CancelWorkflow(workflow_id, compensate=True))

    cancelled = world.backend.cancel_workflow(CancelWorkflow(workflow_id))

    assert cancelled.workflow.state is WorkflowState.CANCELLED
    states = {
        step.name: item.state for step in world.backend.get_workflow(workflow_id).steps for item in step.compensations
    }
    assert states == {"reserve": CompensationState.DISCARDED, "charge": CompensationState.FAILED}
    assert world.journal(workflow_id)[-1].data["discarded"] == ["intake.reserve (round 1)"]
    assert world.backend.take_turn(TakeTurn(relay, [])).decision is TurnDecision.NOTHING


def test_sent_again_with_its_key_it_answers_the_same_and_another_wish_is_refused(order: RunningOrder) -> None:
    wish = CancelWorkflow(order.workflow_id, compensate=True, idempotency_key=order.world.unique("cancel"))
    first = order.world.backend.cancel_workflow(wish)
    before = order.world.journal(order.workflow_id)

    assert order.world.backend.cancel_workflow(wish) == first
    assert order.world.journal(order.workflow_id) == before
    with pytest.raises(IdempotencyConflict):
        order.world.backend.cancel_workflow(replace(wish, compensate=False))


def test_two_cancels_at_once_are_one(order: RunningOrder) -> None:
    wish = CancelWorkflow(order.workflow_id)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(order.world.backend.cancel_workflow, [wish, wish]))

    assert sorted(answer.changed for answer in answers) == [False, True]
    assert order.world.told(order.workflow_id).count("workflow.cancelled") == 1


@pytest.mark.parametrize("workflow_id", ["no-uuid", "01890000-0000-7000-8000-000000000000"])
def test_an_unknown_workflow_is_named(world: World, workflow_id: str) -> None:
    with pytest.raises(WorkflowNotFound):
        world.backend.cancel_workflow(CancelWorkflow(workflow_id))
    with pytest.raises(WorkflowNotFound):
        world.backend.plan_cancel(workflow_id)


def test_a_reason_of_any_kind_is_kept(order: RunningOrder) -> None:
    order.cancel(reason="nul \x00, a lone \ud800, and long: " + "x" * 5000)

    kept = str(order.world.journal(order.workflow_id)[-1].data["reason"])
    assert kept.startswith("nul \\x00, a lone \\ud800, and long: xxx")
    assert len(kept) < 1100
