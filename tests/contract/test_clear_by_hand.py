"""The contract of a clear by hand: a request to run again, told from a retry by Airflow's own history."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensation import (
    CompensationDeclaration,
    EndCompensation,
    TakeTurn,
    TurnDecision,
)
from airflow_wfstate.domain.messages.step import BeginDecision, BeginStep, OnClear
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow, StartWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import CompensationState, WorkflowState
from airflow_wfstate.exceptions import WorkflowClosed
from tests.support.world import World


def _succeeded(world: World, run_id: str, name: str = "charge") -> str:
    """Do a step that succeeds, and return its task instance."""
    task, begun = world.begin(run_id, name, compensation=CompensationDeclaration(f"task:{name}"))
    world.succeed(begun, "first")
    world.rows.set_task_state(task, "success", ended_ago=timedelta(seconds=1))
    return task


def test_clearing_a_succeeded_task_is_a_new_round_with_a_new_idempotency_key(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    task, first = world.begin(run_id, "charge")
    world.succeed(first, "first")

    cleared = world.rows.next_try(task, state="success")
    again = world.begin_as(cleared, "charge")

    assert (again.decision, again.round, again.attempt) == (BeginDecision.RUN, 2, 2)
    assert again.idempotency_key != first.idempotency_key
    assert again.checkpoints == {}
    assert world.begin_as(cleared, "charge") == again
    world.succeed(again, "second")
    _, answered = world.begin(run_id, "charge")
    assert answered.output == Payload.of("second")


def test_with_reuse_the_stored_output_answers(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    cleared = world.rows.next_try(_succeeded(world, run_id), state="success")

    answered = world.backend.begin_step(BeginStep(cleared, "charge", on_clear=OnClear.REUSE))

    assert (answered.decision, answered.output) == (BeginDecision.ANSWERED, Payload.of("first"))


def test_a_lost_acknowledgement_is_a_retry(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    retried = world.rows.next_try(_succeeded(world, run_id), state="failed")

    answered = world.begin_as(retried, "charge")

    assert (answered.decision, answered.output) == (BeginDecision.ANSWERED, Payload.of("first"))
    assert world.begin_as(world.rows.next_try(retried, state="success"), "charge").round == 2


@pytest.mark.parametrize("deaths", [1, 2])
def test_the_request_stands_when_tries_die_before_they_begin_the_step(world: World, deaths: int) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    now = world.rows.next_try(_succeeded(world, run_id), state="success")
    for _ in range(deaths):
        now = world.rows.next_try(now, state="failed")

    again = world.begin_as(now, "charge")

    assert (again.decision, again.round) == (BeginDecision.RUN, 2)


def test_the_request_is_met_once(world: World) -> None:
    """Tries in the task's history from before the round that met the request no longer request anything."""
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    now = world.rows.next_try(_succeeded(world, run_id), state="success")
    now = world.rows.next_try(now, state="failed")
    world.succeed(world.begin_as(now, "charge"), "second")

    answered = world.begin_as(world.rows.next_try(now, state="failed"), "charge")

    assert (answered.decision, answered.output) == (BeginDecision.ANSWERED, Payload.of("second"))


def test_an_answered_try_that_is_cleared_asks_for_another_round(world: World) -> None:
    """First with on_clear='reuse', later without it."""
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    now = world.rows.next_try(_succeeded(world, run_id), state="failed")
    assert world.begin_as(now, "charge").decision is BeginDecision.ANSWERED
    now = world.rows.next_try(now, state="success")
    reused = world.backend.begin_step(BeginStep(now, "charge", on_clear=OnClear.REUSE))
    assert reused.decision is BeginDecision.ANSWERED

    again = world.begin_as(world.rows.next_try(now, state="success"), "charge")

    assert (again.decision, again.round) == (BeginDecision.RUN, 2)


def test_an_item_that_moved_to_another_map_index_runs_again_when_its_task_was_cleared(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    tasks = [world.rows.add_task("intake", run_id, "pay", map_index=index) for index in range(2)]
    for task, item in zip(tasks, "ab", strict=True):
        world.succeed(world.begin_as(task, "pay", item_key=item), item)
        world.rows.set_task_state(task, "success")
    for task in tasks:
        world.rows.next_try(task, state="success")

    moved = world.rows.add_task("intake", run_id, "pay", map_index=2)  # a was 0; the list has become longer

    assert world.begin_as(moved, "pay", item_key="a").round == 2


def test_a_clear_in_a_second_run_asks_for_another_round_when_it_came_after_the_newest_one(world: World) -> None:
    run_id, second_run, key = world.rows.add_run("intake"), world.rows.add_run("intake"), world.unique("key")
    world.start(run_id, key=key, participants=["intake"])
    first = _succeeded(world, run_id)
    world.start(second_run, key=key, participants=["intake"])
    second, answered = world.begin(second_run, "charge")
    assert answered.decision is BeginDecision.ANSWERED
    earlier = world.rows.next_try(second, state="success")  # cleared, and its new try waits for a slot
    again = world.rows.next_try(first, state="success")
    world.succeed(world.begin_as(again, "charge"), "second")

    late = world.begin_as(earlier, "charge")
    later = world.begin_as(world.rows.next_try(earlier, state="success"), "charge")

    assert (late.decision, late.output) == (BeginDecision.ANSWERED, Payload.of("second"))
    assert (later.decision, later.round) == (BeginDecision.RUN, 3)


def test_clearing_a_failed_task_resumes_its_round(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    task, begun = world.begin(run_id, "charge")
    world.fail(begun)

    again = world.begin_as(world.rows.next_try(task, state="failed"), "charge")

    assert (again.round, again.attempt, again.idempotency_key) == (1, 2, begun.idempotency_key)


def test_a_begin_sent_again_after_its_rerun_ended_is_no_further_wish(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    cleared = world.rows.next_try(_succeeded(world, run_id), state="success")
    world.succeed(world.begin_as(cleared, "charge"), "second")

    assert world.begin_as(cleared, "charge").decision is BeginDecision.ANSWERED


def test_clearing_a_task_of_a_succeeded_workflow_reopens_it(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    task = _succeeded(world, run_id)
    complete = world.rows.add_task("intake", run_id, "complete")
    world.backend.complete_workflow(CompleteWorkflow(complete, Payload.of("done")))

    again = world.begin_as(world.rows.next_try(task, state="success"), "charge")

    assert again.decision is BeginDecision.RUN
    assert world.state(workflow.id) is WorkflowState.RUNNING
    world.succeed(again, "second")
    completed = world.backend.complete_workflow(
        CompleteWorkflow(world.rows.next_try(complete, state="success"), Payload.of("done again"))
    )
    assert (completed.workflow.state, completed.output) == (WorkflowState.SUCCEEDED, Payload.of("done again"))
    told = world.told(workflow.id)
    assert told.count("workflow.reopened") == 1
    assert told.count("workflow.succeeded") == 2


def test_clearing_a_whole_run_of_a_succeeded_workflow_reopens_it_at_its_start(world: World) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    start = world.rows.add_task("intake", run_id, "start")
    request = StartWorkflow(start, "order", key, Payload.of(None), idempotency_key=f"{start}:start")
    workflow = world.backend.start_workflow(request).workflow
    world.backend.complete_workflow(
        CompleteWorkflow(world.rows.add_task("intake", run_id, "complete"), Payload.of("done"))
    )
    world.rows.set_task_state(start, "success")
    cleared = world.rows.next_try(start, state="success")

    started = world.backend.start_workflow(
        StartWorkflow(cleared, "order", key, Payload.of(None), idempotency_key=f"{cleared}:start")
    )

    assert (started.role, started.workflow.id) == (RunRole.OWNER, workflow.id)
    assert started.workflow.state is WorkflowState.RUNNING
    assert started.output is None


def test_it_is_reopened_also_when_the_first_try_of_the_cleared_start_died(world: World) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    start = world.rows.add_task("intake", run_id, "start")
    world.backend.start_workflow(StartWorkflow(start, "order", key, Payload.of(None)))
    world.backend.complete_workflow(
        CompleteWorkflow(world.rows.add_task("intake", run_id, "complete"), Payload.of("done"))
    )
    retried = world.rows.next_try(world.rows.next_try(start, state="success"), state="failed")

    started = world.backend.start_workflow(StartWorkflow(retried, "order", key, Payload.of(None)))

    assert started.workflow.state is WorkflowState.RUNNING


def test_clearing_a_whole_run_without_a_start_makes_the_next_generation_of_a_cancelled_workflow(world: World) -> None:
    run_id = world.rows.add_run("plain")
    tasks = {name: world.rows.add_task("plain", run_id, name) for name in ("load", "check")}
    first = world.begin_as(tasks["load"], "load")
    world.succeed(first)
    world.rows.set_task_state(tasks["load"], "success", ended_ago=timedelta(minutes=1))
    world.backend.cancel_workflow(CancelWorkflow(first.workflow.id))
    before = world.journal(first.workflow.id)

    tasks["check"] = world.rows.next_try(tasks["check"])
    with pytest.raises(WorkflowClosed, match=r"is cancelled\. Clear the whole run"):  # one task alone is no start
        world.begin_as(tasks["check"], "check")
    tasks["load"] = world.rows.next_try(tasks["load"], state="success")
    again = world.begin_as(tasks["load"], "load")

    assert (again.decision, again.workflow.generation) == (BeginDecision.RUN, 2)
    assert world.begin_as(tasks["check"], "check").workflow.id == again.workflow.id
    assert world.journal(first.workflow.id) == before
    assert world.told(again.workflow.id)[:3] == ["workflow.started", "run.linked", "step.began plain.load"]


def test_a_reopened_workflow_is_never_compensated_by_itself(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    reserve = _succeeded(world, run_id, "reserve")
    world.backend.complete_workflow(
        CompleteWorkflow(world.rows.add_task("intake", run_id, "complete"), Payload.of("done"))
    )
    cleared = world.rows.next_try(reserve, state="success")
    world.fail(world.begin_as(cleared, "reserve", compensation=CompensationDeclaration("task:reserve")))
    world.rows.set_task_state(cleared, "failed", ended_ago=timedelta(seconds=1))
    leaf = world.rows.add_task("intake", run_id, "leaf", state="upstream_failed")
    relay = world.rows.add_task("intake", run_id, "compensate")

    assert leaf
    assert world.backend.take_turn(TakeTurn(relay, ["leaf"])).decision is TurnDecision.NOTHING
    summary = world.backend.get_workflow(workflow.id).summary
    assert (summary.state, summary.hold_reason) == (
        WorkflowState.FAILED,
        "it had succeeded before; an operator decides",
    )


def test_every_round_that_acted_is_undone_newest_first(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    task = _succeeded(world, run_id)
    cleared = world.rows.next_try(task, state="success")
    declared = CompensationDeclaration("task:charge")
    world.succeed(world.begin_as(cleared, "charge", compensation=declared), "second")
    world.rows.set_task_state(cleared, "success", ended_ago=timedelta(seconds=1))
    world.rows.add_task("intake", run_id, "leaf", state="failed")
    relay = world.rows.add_task("intake", run_id, "compensate")
    undone = []
    while (work := world.backend.take_turn(TakeTurn(relay, ["leaf"])).work) is not None:
        undone.append((work.round, work.output))
        world.backend.end_compensation(EndCompensation(work.compensation_key, succeeded=True))

    assert undone == [(2, Payload.of("second")), (1, Payload.of("first"))]
    detail = world.backend.get_workflow(workflow.id)
    assert detail.summary.state is WorkflowState.COMPENSATED
    assert [item.state for item in detail.steps[0].compensations] == [CompensationState.DONE] * 2


def test_clearing_a_guests_task_of_a_closed_workflow_changes_nothing(world: World) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    workflow = world.start(run_id, key=key).workflow
    _succeeded(world, run_id)
    world.backend.complete_workflow(
        CompleteWorkflow(world.rows.add_task("intake", run_id, "complete"), Payload.of("done"))
    )
    guest_run = world.rows.add_run("intake")
    world.start(guest_run, key=key)
    guest_task, _ = world.begin(guest_run, "charge")
    before = world.journal(workflow.id)

    answered = world.begin_as(world.rows.next_try(guest_task, state="success"), "charge")

    assert (answered.decision, answered.output) == (BeginDecision.ANSWERED, Payload.of("first"))
    assert world.journal(workflow.id) == before
