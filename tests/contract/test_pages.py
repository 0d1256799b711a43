"""The contract of the pages of a workflow (steps, checkpoints, compensations) and of the counts of workflows."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from airflow_wfstate.domain.messages.compensate import DecideCompensation, Decision
from airflow_wfstate.domain.messages.compensation import CompensationDeclaration
from airflow_wfstate.domain.messages.step import EndAttempt, SaveCheckpoint
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.flag import FlagKind
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import CompensationState, StepState, WorkflowState
from airflow_wfstate.exceptions import InvalidRequest, StepNotFound, WorkflowNotFound
from tests.support.saga import Saga
from tests.support.world import World


def test_steps_come_in_pages_and_alone(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    for name in ("one", "two", "three"):
        world.step_done(run_id, name, {"did": name})

    first = world.backend.list_steps(workflow.id, limit=2)
    second = world.backend.list_steps(workflow.id, after=first.next_after, limit=2)

    steps = first.steps + second.steps
    assert [step.name for step in steps] == ["one", "three", "two"]
    assert second.next_after is None
    assert sorted(steps, key=lambda step: step.started_at) == world.backend.get_workflow(workflow.id).steps
    assert world.backend.get_step(workflow.id, steps[1].id) == steps[1]


def test_an_attempt_tells_when_it_waited(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    task, begun = world.begin(run_id, "poll")
    for write in (1, 2):
        world.backend.end_attempt(EndAttempt(begun.attempt_key, write, StepState.WAITING))
        if write == 1:
            assert world.begin_as(task, "poll").attempt == 1

    (attempt,) = world.backend.get_step(workflow.id, begun.step_id).attempts
    first, second = attempt.waits
    at = {entry.number: entry.at for entry in world.journal(workflow.id) if entry.step_id == begun.step_id}
    _, waiting, continued, waiting_again = sorted(at)
    assert (first.began_at, first.ended_at) == (at[waiting], at[continued])
    assert (second.began_at, second.ended_at) == (at[waiting_again], None)


def test_a_step_of_another_workflow_is_not_found(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    other = world.start().workflow
    step_id = world.begin(run_id, "one")[1].step_id

    for unknown in (step_id, str(uuid4()), "../x", ""):
        with pytest.raises(StepNotFound):
            world.backend.get_step(other.id, unknown)
        with pytest.raises(StepNotFound):
            world.backend.list_checkpoints(other.id, unknown)
    with pytest.raises(WorkflowNotFound):
        world.backend.list_steps(str(uuid4()))
    with pytest.raises(InvalidRequest):
        world.backend.list_steps(other.id, after="x")
    with pytest.raises(InvalidRequest):
        world.backend.list_steps(other.id, limit=0)


def test_a_list_leaves_large_outputs_out_and_the_step_alone_has_them(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    undo = CompensationDeclaration("task:pay")
    large, small = Payload.of("x" * 20_000), Payload.of("x")
    for name, output in (("large", large), ("small", small)):
        begun = world.begin(run_id, name, compensation=undo)[1]
        world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.SUCCEEDED, output=output))

    listed = {step.name: step for step in world.backend.list_steps(workflow.id).steps}
    detailed = {step.name: step for step in world.backend.get_workflow(workflow.id).steps}

    assert listed == detailed
    assert (listed["large"].output, listed["large"].output_left_out) == (None, True)
    assert (listed["large"].output_size, listed["large"].output_sha256) == (large.size, large.sha256)
    assert (listed["small"].output, listed["small"].output_left_out) == (small, False)
    alone = world.backend.get_step(workflow.id, listed["large"].id)
    assert (alone.output, alone.output_left_out) == (large, False)
    assert [undone.output for undone in world.backend.plan_compensate(workflow.id).undone] == [small, None]


def test_a_page_of_large_checkpoints_ends_early(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    begun = world.begin(run_id, "load")[1]
    value = Payload.of("x" * 1_000_000)
    for number in range(1, 7):
        world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, number, f"c{number}", value))

    pages = [world.backend.list_checkpoints(workflow.id, begun.step_id)]
    while pages[-1].next_after is not None:
        pages.append(world.backend.list_checkpoints(workflow.id, begun.step_id, after=pages[-1].next_after))

    assert [[item.name for item in page.checkpoints] for page in pages] == [["c1", "c2", "c3", "c4"], ["c5", "c6"]]


def test_checkpoints_come_with_their_values_in_pages(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    begun = world.begin(run_id, "load")[1]
    for number, name in enumerate(("a", "b:c", "d"), 1):
        world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, number, name, Payload.of(number)))

    first = world.backend.list_checkpoints(workflow.id, begun.step_id, limit=2)
    second = world.backend.list_checkpoints(workflow.id, begun.step_id, after=first.next_after, limit=2)

    found = first.checkpoints + second.checkpoints
    assert [(item.round, item.name, item.value) for item in found] == [
        (1, "a", Payload.of(1)),
        (1, "b:c", Payload.of(2)),
        (1, "d", Payload.of(3)),
    ]
    assert second.next_after is None
    for nonsense in ("x", "x:y", ":", "9999999999:a"):
        with pytest.raises(InvalidRequest):
            world.backend.list_checkpoints(workflow.id, begun.step_id, after=nonsense)


def test_compensations_come_in_the_order_of_the_undo_with_their_decisions(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one", "two", "three")
    saga.undo(saga.fail(), fails=["two"])
    world.backend.decide_compensation(
        DecideCompensation(saga.workflow_id, "two", Decision.SKIP, "the customer keeps it", actor="cli:ann")
    )

    first = world.backend.list_compensations(saga.workflow_id, limit=2)
    second = world.backend.list_compensations(saga.workflow_id, before=first.next_before, limit=2)

    found = first.compensations + second.compensations
    assert [(item.step.partition(".")[2], item.compensation.state) for item in found] == [
        ("three", CompensationState.DONE),
        ("two", CompensationState.SKIPPED),
        ("one", CompensationState.ARMED),
    ]
    assert [len(item.decisions) for item in found] == [0, 1, 0]
    assert found[1].decisions[0].data["reason"] == "the customer keeps it"
    assert second.next_before is None
    with pytest.raises(InvalidRequest):
        world.backend.list_compensations(saga.workflow_id, before=-1)


def test_a_round_that_is_tried_again_moves_up_in_the_order_of_the_undo(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    undo = CompensationDeclaration("task:charge")
    task, begun = world.begin(run_id, "charge", compensation=undo)
    world.fail(begun)
    world.succeed(world.begin(run_id, "ship", compensation=CompensationDeclaration("task:ship"))[1])
    after_failure = world.backend.list_compensations(workflow.id).compensations

    # The newest code no longer declares an undo; the one that was recorded before the step acted stays.
    again = world.begin_as(world.rows.next_try(task), "charge")
    at_work = world.backend.list_compensations(workflow.id).compensations
    world.succeed(again)
    ended = world.backend.list_compensations(workflow.id, limit=1)

    entries = [entry.number for entry in world.journal(workflow.id)]
    assert [item.step for item in after_failure] == ["intake.ship", "intake.charge"]
    assert [item.step for item in at_work] == ["intake.charge", "intake.ship"]
    assert [item.last_entry for item in ended.compensations] == [entries[-1]]
    behind = world.backend.list_compensations(workflow.id, before=ended.next_before).compensations
    assert [item.step for item in behind] == ["intake.ship"]


def test_workflows_are_counted_by_state_flag_and_start(world: World) -> None:
    name = world.unique("name")
    runs = [world.rows.add_run("intake") for _ in range(3)]
    started = [world.start(run_id, name=name).workflow for run_id in runs]
    world.fail(world.begin(runs[0], "charge")[1])
    first = world.backend.get_workflow(started[0].id).summary.started_at
    hour = first.replace(minute=0, second=0, microsecond=0)
    query = WorkflowQuery(name=name, since=hour - timedelta(hours=1), until=hour + timedelta(hours=2))

    stats = world.backend.read_stats(query, bucket_seconds=3600)

    assert stats.total == 3
    assert stats.by_state == dict.fromkeys(WorkflowState, 0) | {WorkflowState.RUNNING: 3}
    assert stats.by_flag == dict.fromkeys(FlagKind, 0)
    assert stats.flagged == 0
    assert sum(bucket.started for bucket in stats.buckets) == 3
    assert stats.buckets[0].at == hour
    assert len(stats.buckets) <= 2, "the hour may end meanwhile"
    assert world.backend.read_stats(WorkflowQuery(name=name, step_states=[StepState.FAILED])).total == 1
    assert world.backend.read_stats(WorkflowQuery(name=name, stuck=False, dag_id="intake")).total == 3
    assert world.backend.read_stats(WorkflowQuery(name=name, stuck=True)).flagged == 0
    assert world.backend.read_stats(WorkflowQuery(name=name)).buckets == []


def test_what_has_failed_is_counted_with_its_start(world: World) -> None:
    saga = Saga.start(world)
    saga.done("one")
    saga.undo(saga.fail())
    summary = saga.detail().summary
    since = summary.started_at.replace(second=0, microsecond=0)
    query = WorkflowQuery(key=summary.key, since=since, until=since + timedelta(minutes=1))

    (bucket,) = world.backend.read_stats(query, bucket_seconds=60).buckets

    assert (bucket.at, bucket.started, bucket.failed) == (since, 1, 1)


def test_counts_over_time_that_make_no_sense_are_refused(world: World) -> None:
    now = world.backend.get_workflow(world.start().workflow.id).summary.started_at
    for query, seconds in (
        (WorkflowQuery(), 60),
        (WorkflowQuery(since=now - timedelta(days=1), until=now), 1),
        (WorkflowQuery(since=now - timedelta(days=1), until=now), 0),
        (WorkflowQuery(since=now - timedelta(days=1), until=now), 10**400),
        (WorkflowQuery(since=now.replace(tzinfo=None), until=now), 3600),
    ):
        with pytest.raises(InvalidRequest):
            world.backend.read_stats(query, bucket_seconds=seconds)
