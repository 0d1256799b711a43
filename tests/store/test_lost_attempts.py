"""Which attempts are lost: those whose task instance is over, according to Airflow's own tables, and no others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from airflow_wfstate.domain.messages.step import BeginDecision, EndAttempt, SaveCheckpoint
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.store.sweeping.sweep import sweep
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World

LONG_AGO = timedelta(minutes=5)


def _killed_on_its_last_try(rows: AirflowRows, task: str) -> None:
    rows.set_task_state(task, "failed", ended_ago=LONG_AGO)


def _marked_success_by_hand(rows: AirflowRows, task: str) -> None:
    rows.set_task_state(task, "success", ended_ago=LONG_AGO)


def _item_removed(rows: AirflowRows, task: str) -> None:
    rows.set_task_state(task, "removed", ended_ago=LONG_AGO)


LOST: list[Callable[[AirflowRows, str], None]] = [
    _killed_on_its_last_try,
    _item_removed,
    AirflowRows.delete_task,
]
"""Ways in which a task instance can be over; the last is what a deleted DAG leaves behind."""

OVER = [*LOST, _marked_success_by_hand]


@pytest.mark.parametrize("end", LOST, ids=lambda end: end.__name__.strip("_"))
@pytest.mark.parametrize("waiting", [False, True], ids=["running", "waiting"])
def test_the_sweep_marks_an_attempt_whose_task_is_over(
    world: World, engine: Engine, end: Callable[[AirflowRows, str], None], waiting: bool
) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task, begun = world.begin(run_id, "work", item_key="a")
    if waiting:
        world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.WAITING))
    end(world.rows, task)

    sweep(engine)

    (step,) = world.backend.get_workflow(workflow_id).steps
    assert (step.state, [attempt.state for attempt in step.attempts]) == (StepState.LOST, [StepState.LOST])
    assert world.told(workflow_id)[-1] == "step.lost intake.work[a]"


@pytest.mark.parametrize("end", OVER, ids=lambda end: end.__name__.strip("_"))
def test_the_next_begin_marks_it_and_goes_on(world: World, end: Callable[[AirflowRows, str], None]) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task, begun = world.begin(run_id, "work")
    world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 1, "row", Payload.of(7)))
    end(world.rows, task)

    _, successor = world.begin(run_id, "work")

    assert (successor.decision, successor.attempt, successor.round) == (BeginDecision.RUN, 2, 1)
    assert successor.idempotency_key == begun.idempotency_key
    assert successor.checkpoints == {"row": Payload.of(7)}
    assert world.told(workflow_id)[-2:] == ["step.lost intake.work", "step.began intake.work"]


def test_an_item_whose_place_moved_is_still_itself(world: World, engine: Engine) -> None:
    """Items a, b and c become b only: b moves from index 1 to 0, and the indexes 1 and 2 are gone."""
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    tasks = {item: world.rows.add_task("intake", run_id, "work", map_index=place) for place, item in enumerate("abc")}
    begun = {item: world.begin_as(task, "work", item_key=item) for item, task in tasks.items()}
    world.succeed(begun["a"], "a is done")
    for item in "bc":
        world.rows.set_task_state(tasks[item], "removed", ended_ago=LONG_AGO)

    moved = world.begin_as(world.rows.next_try(tasks["a"], state="success"), "work", item_key="b")
    sweep(engine)

    assert (moved.decision, moved.step_id, moved.attempt) == (BeginDecision.RUN, begun["b"].step_id, 2)
    states = {step.item_key: step.state for step in world.backend.get_workflow(workflow_id).steps}
    assert states == {"a": StepState.SUCCEEDED, "b": StepState.RUNNING, "c": StepState.LOST}


@pytest.mark.parametrize(
    "state", ["running", "restarting", "deferred", "up_for_reschedule", "up_for_retry", "queued", "scheduled", None]
)
def test_no_live_attempt_is_marked_however_often_it_is_looked_at(
    world: World, engine: Engine, state: str | None
) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task, begun = world.begin(run_id, "work")
    if state in ("deferred", "up_for_reschedule"):
        world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.WAITING))
    world.rows.set_task_state(task, state, ended_ago=LONG_AGO)
    before = world.journal(workflow_id)

    for _ in range(3):
        sweep(engine)
    _, other = world.begin(run_id, "work")

    assert other.decision is BeginDecision.BUSY
    assert world.journal(workflow_id) == before


def test_a_successor_is_not_blamed_for_its_predecessor(world: World, engine: Engine) -> None:
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id).workflow.id
    task, _ = world.begin(run_id, "work")
    successor = world.begin_as(world.rows.next_try(task), "work")

    sweep(engine)

    (step,) = world.backend.get_workflow(workflow_id).steps
    assert (step.state, [attempt.state for attempt in step.attempts]) == (
        StepState.RUNNING,
        [StepState.LOST, StepState.RUNNING],
    )
    world.succeed(successor)
