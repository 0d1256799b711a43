"""The contract of steps: begin, checkpoint, end, and which attempt may write."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from airflow_wfstate.domain.messages.compensation import CompensationDeclaration, TakeTurn
from airflow_wfstate.domain.messages.step import LEFT_BEHIND, BeginDecision, BeginStep, EndAttempt, SaveCheckpoint
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.payload import JsonValue, Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.exceptions import (
    StaleAttempt,
    WorkflowClosed,
    WorkflowNotFound,
    WriteConflict,
)
from tests.support.world import World


@pytest.fixture
def run_id(world: World) -> str:
    """A run that has started a workflow."""
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    return run_id


def test_a_step_begins_once_and_its_begin_can_be_sent_again(world: World, run_id: str) -> None:
    task_instance_id, begun = world.begin(run_id, "charge", compensation=CompensationDeclaration("task:charge"))

    assert begun.decision is BeginDecision.RUN
    assert (begun.attempt, begun.round, begun.writes_applied) == (1, 1, 0)
    assert begun.idempotency_key
    before = world.journal(begun.workflow.id)
    assert world.begin_as(task_instance_id, "charge", compensation=CompensationDeclaration("task:charge")) == begun
    assert world.journal(begun.workflow.id) == before


def test_a_finished_step_answers_with_its_output(world: World, run_id: str) -> None:
    world.step_done(run_id, "charge", {"receipt": "r-1"})

    _, again = world.begin(run_id, "charge")

    assert again.decision is BeginDecision.ANSWERED
    assert again.answered_state is StepState.SUCCEEDED
    assert again.output == Payload.of({"receipt": "r-1"})


def test_an_answer_brings_what_the_newest_round_left_behind_and_no_other_checkpoint(world: World, run_id: str) -> None:
    task_instance_id, begun = world.begin(run_id, "charge")
    world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 1, LEFT_BEHIND, Payload.of({"xcoms": {"a": 1}})))
    world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 2, "mine", Payload.of(1)))
    world.succeed(begun, 7, write=3)

    _, answered = world.begin(run_id, "charge")
    assert answered.decision is BeginDecision.ANSWERED
    assert answered.checkpoints == {LEFT_BEHIND: Payload.of({"xcoms": {"a": 1}})}

    again = world.begin_as(world.rows.next_try(task_instance_id, state="success"), "charge")
    world.succeed(again, 8)
    assert world.begin(run_id, "charge")[1].checkpoints == {}


def test_a_begin_that_comes_late_behind_a_failure_begins_nothing(world: World, run_id: str) -> None:
    """Found by the crash grid: nobody would do the attempt that it began."""
    task_instance_id, begun = world.begin(run_id, "charge")
    world.fail(begun, "no money")
    before = world.backend.get_workflow(begun.workflow.id)

    with pytest.raises(StaleAttempt, match="has failed"):
        world.begin_as(task_instance_id, "charge")

    assert world.backend.get_workflow(begun.workflow.id) == before
    _, second = world.begin(run_id, "charge")
    assert second.attempt == 2


def test_an_end_sent_again_changes_nothing(world: World, run_id: str) -> None:
    _, begun = world.begin(run_id, "charge")
    first = world.succeed(begun, 1)
    before = world.journal(begun.workflow.id)

    assert world.succeed(begun, 1) == first
    assert world.journal(begun.workflow.id) == before
    with pytest.raises(StaleAttempt, match="already succeeded"):
        world.fail(begun, write=2)


def test_a_failed_step_tries_again_in_the_same_round(world: World, run_id: str) -> None:
    task_instance_id, first = world.begin(run_id, "charge")
    world.fail(first, "card declined")

    second = world.begin_as(world.rows.next_try(task_instance_id), "charge")

    assert (second.decision, second.attempt, second.round) == (BeginDecision.RUN, 2, 1)
    assert second.idempotency_key == first.idempotency_key
    assert second.attempt_key != first.attempt_key


def test_a_killed_attempt_is_lost_and_the_next_one_finds_its_checkpoints(world: World, run_id: str) -> None:
    task_instance_id, first = world.begin(run_id, "load")
    world.backend.save_checkpoint(SaveCheckpoint(first.attempt_key, 1, "row", Payload.of(100)))
    world.backend.save_checkpoint(SaveCheckpoint(first.attempt_key, 2, "row", Payload.of(200)))

    second = world.begin_as(world.rows.next_try(task_instance_id), "load")

    assert second.checkpoints == {"row": Payload.of(200)}
    assert second.attempt == 2
    attempts = world.backend.get_workflow(first.workflow.id).steps[0].attempts
    assert [attempt.state for attempt in attempts] == [StepState.LOST, StepState.RUNNING]
    assert "step.lost intake.load" in world.told(first.workflow.id)


def test_an_older_attempt_cannot_write_any_more(world: World, run_id: str) -> None:
    task_instance_id, zombie = world.begin(run_id, "load")
    world.begin_as(world.rows.next_try(task_instance_id), "load")
    before = world.journal(zombie.workflow.id)

    with pytest.raises(StaleAttempt, match="taken over by attempt 2"):
        world.succeed(zombie, "from the dead")
    with pytest.raises(StaleAttempt, match="attempt 2 is the newest"):
        world.backend.save_checkpoint(SaveCheckpoint(zombie.attempt_key, 1, "row", Payload.of(1)))
    assert world.journal(zombie.workflow.id) == before


def test_a_step_at_work_elsewhere_is_busy(world: World, run_id: str) -> None:
    holder, _ = world.begin(run_id, "charge")

    _, other = world.begin(run_id, "charge")

    assert other.decision is BeginDecision.BUSY
    assert other.holder is not None
    assert holder in other.holder


def test_two_begins_of_a_step_at_once_give_one_attempt(world: World, run_id: str) -> None:
    tasks = [world.rows.add_task("intake", run_id, f"same-{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda task: world.begin_as(task, "same"), tasks))

    assert sorted(answer.decision.value for answer in answers) == ["busy", "busy", "busy", "run"]


@pytest.mark.parametrize("state", ["deferred", "up_for_reschedule", "queued", "scheduled"])
def test_a_waiting_step_goes_on_as_the_same_attempt(world: World, run_id: str, state: str) -> None:
    task_instance_id, begun = world.begin(run_id, "wait")
    world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 1, "id", Payload.of("job-1")))
    world.backend.end_attempt(EndAttempt(begun.attempt_key, 2, StepState.WAITING))
    world.rows.set_task_state(task_instance_id, state)
    _, other = world.begin(run_id, "wait")
    assert other.decision is BeginDecision.BUSY
    world.rows.set_task_state(task_instance_id, "running")

    resumed = world.begin_as(task_instance_id, "wait")

    assert (resumed.attempt, resumed.attempt_key, resumed.writes_applied) == (1, begun.attempt_key, 2)
    assert resumed.checkpoints == {"id": Payload.of("job-1")}
    world.succeed(resumed, "done")
    assert world.told(begun.workflow.id)[-3:] == [
        "step.waiting intake.wait",
        "step.continued intake.wait",
        "step.succeeded intake.wait",
    ]


def test_a_deferred_task_writes_from_its_trigger(world: World, run_id: str) -> None:
    task_instance_id, begun = world.begin(run_id, "wait")
    world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.WAITING))
    world.rows.set_task_state(task_instance_id, "deferred")

    world.succeed(begun, "from the trigger", write=2)

    assert world.backend.get_workflow(begun.workflow.id).steps[0].state is StepState.SUCCEEDED


def test_a_checkpoint_sent_again_or_overtaken_changes_nothing(world: World, run_id: str) -> None:
    task_instance_id, begun = world.begin(run_id, "load")
    late = SaveCheckpoint(begun.attempt_key, 1, "row", Payload.of(1))
    answer = world.backend.save_checkpoint(late)
    assert world.backend.save_checkpoint(late) == answer
    world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 2, "row", Payload.of(2)))

    with pytest.raises(WriteConflict, match="superseded"):
        world.backend.save_checkpoint(late)
    again = world.begin_as(task_instance_id, "load")
    assert again.checkpoints == {"row": Payload.of(2)}


def test_items_of_a_mapped_step_are_steps_of_their_own(world: World, run_id: str) -> None:
    _, red = world.begin(run_id, "paint", item_key="red")
    _, blue = world.begin(run_id, "paint", item_key="blue")

    assert red.step_id != blue.step_id
    world.succeed(red, 1)
    world.succeed(blue, 2)
    _, again = world.begin(run_id, "paint", item_key="red")
    assert again.output == Payload.of(1)


def test_two_dags_may_both_have_a_step_of_one_name(world: World) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    world.start(run_id, key=key, participants=["billing"])
    world.step_done(run_id, "validate", "by intake")
    billing_run = world.rows.add_run("billing")
    world.start(billing_run, dag_id="billing", key=key)

    _, other = world.begin(billing_run, "validate", dag_id="billing")

    assert other.decision is BeginDecision.RUN


def test_a_step_without_a_start_starts_a_workflow_named_after_its_dag(world: World) -> None:
    run_id = world.rows.add_run("plain")

    _, begun = world.begin(run_id, "load", dag_id="plain")

    assert (begun.workflow.name, begun.workflow.key, begun.workflow.generation) == ("plain", run_id, 1)
    assert world.told(begun.workflow.id) == ["workflow.started", "run.linked", "step.began plain.load"]


@pytest.mark.parametrize("state", [None, "up_for_retry", "failed", "skipped", "upstream_failed", "success"])
def test_a_step_does_not_act_without_its_start(world: World, state: str | None) -> None:
    """Its trigger rule let it run although the start failed or was skipped, or someone marked the start as success."""
    run_id = world.rows.add_run("plain")
    world.rows.add_task("plain", run_id, "first", state=state, operator="StartWorkflowOperator")

    with pytest.raises(WorkflowNotFound) as raised:
        world.begin(run_id, "load", dag_id="plain")

    assert f"its task first ({state or 'not run yet'}) has started none" in raised.value.reason
    assert "clear it with its downstream tasks" in raised.value.remedy
    assert world.backend.list_workflows(WorkflowQuery(name="plain", key=run_id)).workflows == []


def test_a_step_acts_without_its_start_when_airflow_tasks_test_runs_it_or_the_start_was_removed(world: World) -> None:
    single = world.rows.add_run("plain", f"__airflow_temporary_run_{world.unique('now')}__", triggered_by="CLI")
    world.rows.add_task("plain", single, "first", state=None, operator="StartWorkflowOperator")
    older = world.rows.add_run("plain")
    world.rows.add_task("plain", older, "first", state="removed", operator="StartWorkflowOperator")

    for run_id in (single, older):
        assert world.begin(run_id, "load", dag_id="plain")[1].decision is BeginDecision.RUN


def test_first_steps_of_a_run_at_once_share_their_workflow(world: World) -> None:
    run_id = world.rows.add_run("plain")
    tasks = [world.rows.add_task("plain", run_id, f"load-{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda task: world.begin_as(task, f"load-{task}"), tasks))

    assert len({answer.workflow.id for answer in answers}) == 1
    assert all(answer.decision is BeginDecision.RUN for answer in answers)


def test_a_skipped_step_stays_skipped_for_another_run_and_runs_when_cleared(world: World) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    world.start(run_id, key=key)
    task_instance_id, begun = world.begin(run_id, "maybe")
    world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.SKIPPED))
    guest_run = world.rows.add_run("intake")
    world.start(guest_run, key=key)

    _, for_guest = world.begin(guest_run, "maybe")
    cleared = world.begin_as(world.rows.next_try(task_instance_id, state="skipped"), "maybe")

    assert (for_guest.decision, for_guest.answered_state) == (BeginDecision.ANSWERED, StepState.SKIPPED)
    assert (cleared.decision, cleared.attempt) == (BeginDecision.RUN, 2)


def test_after_the_end_no_step_begins(world: World, run_id: str) -> None:
    complete = world.rows.add_task("intake", run_id, "complete")
    workflow = world.backend.complete_workflow(CompleteWorkflow(complete, Payload.of(None))).workflow
    before = world.journal(workflow.id)

    with pytest.raises(WorkflowClosed, match="is succeeded"):
        world.begin(run_id, "late")
    assert world.journal(workflow.id) == before


def test_a_guest_of_a_closed_workflow_replays(world: World) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    world.start(run_id, key=key)
    world.step_done(run_id, "charge", "receipt")
    world.backend.complete_workflow(
        CompleteWorkflow(world.rows.add_task("intake", run_id, "complete"), Payload.of("all"))
    )
    guest_run = world.rows.add_run("intake")
    started = world.start(guest_run, key=key)
    before = world.journal(started.workflow.id)

    _, charge = world.begin(guest_run, "charge")
    _, other = world.begin(guest_run, "another")
    completed = world.backend.complete_workflow(
        CompleteWorkflow(world.rows.add_task("intake", guest_run, "complete"), Payload.of("other"))
    )

    assert started.role is RunRole.GUEST
    assert (charge.decision, charge.output) == (BeginDecision.ANSWERED, Payload.of("receipt"))
    assert other.decision is BeginDecision.SKIPPED
    assert completed.output == Payload.of("all")
    assert world.journal(started.workflow.id) == before


def test_a_failed_workflow_goes_on_when_a_task_of_it_is_cleared(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id, on_failure=FailurePolicy.HOLD).workflow
    task_instance_id = world.rows.add_task("intake", run_id, "charge")
    world.fail(world.begin_as(task_instance_id, "charge"))
    world.rows.set_task_state(task_instance_id, "failed", ended_ago=timedelta(seconds=1))
    world.backend.take_turn(TakeTurn(world.rows.add_task("intake", run_id, "compensate"), ["charge"]))
    assert world.state(workflow.id) is WorkflowState.FAILED
    with pytest.raises(WorkflowClosed, match="is failed"):
        world.begin(run_id, "next")
    world.rows.count_clear("intake", run_id)

    resumed = world.begin_as(world.rows.next_try(task_instance_id), "charge")

    assert resumed.attempt == 2
    assert "workflow.resumed" in world.told(workflow.id)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -0.0,
        1e308,
        2**70,
        "\u0000",
        "\ud800 lone",
        "ünïcode \U0001f600",
        {"z": 1, "a": [None, True]},
        {"$numberDouble": "NaN"},
        "x" * 100_000,
    ],
    ids=repr,
)
def test_every_json_value_comes_back_as_it_was(world: World, run_id: str, value: JsonValue) -> None:
    payload = Payload.of(value)
    task_instance_id, begun = world.begin(run_id, "produce")
    world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 1, "value", payload))
    assert world.begin_as(task_instance_id, "produce").checkpoints == {"value": payload}
    world.backend.end_attempt(EndAttempt(begun.attempt_key, 2, StepState.SUCCEEDED, output=payload))

    _, again = world.begin(run_id, "produce")

    assert again.output == payload
    assert repr(again.output.value()) == repr(value)


def test_an_error_of_any_text_is_kept(world: World, run_id: str) -> None:
    _, begun = world.begin(run_id, "produce")

    world.fail(begun, "bad \x00 byte, \ud800 surrogate\nsecond line")

    assert world.backend.get_workflow(begun.workflow.id).steps[0].error == (
        "bad \\x00 byte, \\ud800 surrogate\nsecond line"
    )


def test_the_begin_records_the_relay_and_the_undo(world: World, run_id: str) -> None:
    task_instance_id = world.rows.add_task("intake", run_id, "charge")
    begun = world.backend.begin_step(
        BeginStep(task_instance_id, "charge", compensation=CompensationDeclaration("shop.undo:refund"))
    )

    (compensation,) = world.backend.get_workflow(begun.workflow.id).steps[0].compensations
    assert (compensation.handler, compensation.state.value, compensation.round) == ("shop.undo:refund", "armed", 1)
