"""The contract of waits for steps."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.step import EndAttempt
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.domain.rules.waiting import WaitOutcome
from airflow_wfstate.exceptions import InvalidName
from tests.support.waiting import Watch, for_step
from tests.support.world import World


@pytest.fixture
def key(world: World) -> str:
    return world.unique("key")


@pytest.fixture
def run_id(world: World, key: str) -> str:
    run_id = world.rows.add_run("intake")
    world.start(run_id, key=key)
    return run_id


def test_a_wait_ends_when_the_step_is_done(world: World, run_id: str, key: str) -> None:
    watch = Watch(world, for_step(key, "pay"))
    assert watch.register().outcome is None
    task, begun = world.begin(run_id, "pay")
    assert not watch.has_ended()

    world.succeed(begun)
    world.rows.set_task_state(task, "success")

    assert watch.has_ended()
    ended = watch.register()
    assert (ended.outcome, ended.state) == (WaitOutcome.ARRIVED, "succeeded")


def test_a_step_may_be_waited_for_before_its_workflow_starts(world: World) -> None:
    key, run_id = world.unique("key"), world.rows.add_run("intake")
    watch = Watch(world, for_step(key, "pay", "running"))
    watch.register()
    assert not watch.has_ended()

    world.start(run_id, key=key)
    assert not watch.has_ended()
    world.begin(run_id, "pay")

    assert watch.has_ended()


def test_items_are_told_apart(world: World, run_id: str, key: str) -> None:
    watch = Watch(world, for_step(key, "pay", item_key="b"))
    watch.register()
    world.succeed(world.begin(run_id, "pay", item_key="a")[1])
    assert not watch.has_ended()

    world.succeed(world.begin(run_id, "pay", item_key="b")[1])

    assert watch.has_ended()


def test_a_failed_step_may_still_succeed(world: World, run_id: str, key: str) -> None:
    watch = Watch(world, for_step(key, "pay"))
    watch.register()
    task, begun = world.begin(run_id, "pay")
    world.fail(begun)
    assert not watch.has_ended()

    world.succeed(world.begin_as(world.rows.next_try(task), "pay"))

    assert watch.has_ended()
    assert watch.register().outcome is WaitOutcome.ARRIVED


def test_a_skipped_step_ends_the_wait_with_the_reason(world: World, run_id: str, key: str) -> None:
    watch = Watch(world, for_step(key, "pay"))
    watch.register()
    _, begun = world.begin(run_id, "pay")
    world.backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.SKIPPED))

    assert watch.has_ended()
    ended = watch.register()
    assert ended.outcome is WaitOutcome.IMPOSSIBLE
    assert ended.reason == (
        f"Step intake.pay of workflow order / {key} is skipped and can no longer become succeeded: the workflow is "
        "running."
    )
    assert Watch(world, for_step(key, "pay", "skipped")).register().outcome is WaitOutcome.ARRIVED


def test_a_cancelled_workflow_ends_the_wait_for_a_step_that_never_began(world: World, run_id: str, key: str) -> None:
    watch = Watch(world, for_step(key, "ship"))
    wait = watch.register()
    assert wait.workflow is not None

    world.backend.cancel_workflow(CancelWorkflow(wait.workflow.id))

    assert watch.has_ended()
    ended = watch.register()
    assert ended.outcome is WaitOutcome.IMPOSSIBLE
    assert ended.reason is not None
    assert "has not begun" in ended.reason


def test_a_step_at_work_in_a_cancelled_workflow_may_still_say_how_it_ended(world: World, run_id: str, key: str) -> None:
    watch = Watch(world, for_step(key, "pay"))
    wait = watch.register()
    assert wait.workflow is not None
    _, begun = world.begin(run_id, "pay")
    world.backend.cancel_workflow(CancelWorkflow(wait.workflow.id))
    assert not watch.has_ended()

    world.succeed(begun)

    assert watch.register().outcome is WaitOutcome.ARRIVED


def test_time_runs_out(world: World, run_id: str, key: str) -> None:
    world.begin(run_id, "pay")
    watch = Watch(world, for_step(key, "pay"), timeout=60)
    watch.register()
    watch.run_out_of_time()

    assert watch.has_ended()
    reason = watch.register().reason
    assert reason is not None
    assert "did not become succeeded: it is running (until " in reason


def test_a_step_name_is_checked(world: World, key: str) -> None:
    with pytest.raises(InvalidName):
        Watch(world, for_step(key, "pay[1]")).register()
