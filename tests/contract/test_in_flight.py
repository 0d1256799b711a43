"""What an attempt may still write after Airflow has changed its task's state from running to another."""

from __future__ import annotations

import pytest

from airflow_wfstate.backends.codec import encode
from airflow_wfstate.domain.messages.step import BeginStep, EndAttempt, LinkChildRun, SaveCheckpoint
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.exceptions import StaleAttempt, TaskInstanceNotFound
from tests.support.world import World


def test_a_deferred_task_saves_from_its_trigger(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    task, begun = world.begin(run_id, "wait")
    world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.WAITING))
    world.rows.set_task_state(task, "deferred")

    world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 2, "heard", encode("half")))

    world.rows.set_task_state(task, "running")
    again = world.begin_as(task, "wait")
    assert (again.attempt, again.writes_applied) == (begun.attempt, 2)
    assert again.checkpoints["heard"] == encode("half")


def test_a_trigger_whose_task_was_taken_over_saves_nothing(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    task, begun = world.begin(run_id, "wait")
    world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.WAITING))
    world.begin_as(world.rows.next_try(task), "wait")

    with pytest.raises(StaleAttempt):
        world.backend.save_checkpoint(SaveCheckpoint(begun.attempt_key, 2, "late", encode(1)))


@pytest.mark.parametrize("state", ["failed", "deferred"])
def test_a_task_that_runs_no_more_begins_and_links_nothing(world: World, state: str) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    task, begun = world.begin(run_id, "trigger")
    world.rows.set_task_state(task, state)

    with pytest.raises(TaskInstanceNotFound, match=f"is {state}, not running"):
        world.backend.link_child_run(LinkChildRun(begun.attempt_key, 1, "fulfilment", world.unique("run")))
    with pytest.raises(TaskInstanceNotFound, match=f"is {state}, not running"):
        world.backend.begin_step(BeginStep(task, "more"))

    world.fail(begun, write=2)  # it may still report
