"""The contract of waits for workflows: registered, polled, ended, and continued by the next try."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.wait import LookAtWaits, RegisterWait, WaitTarget
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.waiting import WaitKind, WaitOutcome
from airflow_wfstate.exceptions import InvalidName, InvalidRequest, TaskInstanceNotFound
from tests.support.waiting import Watch, for_workflow
from tests.support.world import World


def _complete(world: World, run_id: str) -> None:
    task = world.rows.add_task("intake", run_id, world.unique("complete"))
    world.backend.complete_workflow(CompleteWorkflow(task, Payload.of("done")))


def test_a_wait_ends_when_the_workflow_succeeds(world: World) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    workflow_id = world.start(run_id, key=key).workflow.id
    watch = Watch(world, for_workflow(key), timeout=3600)

    registered = watch.register()
    assert registered.outcome is None
    assert registered.deadline_at is not None
    assert (registered.deadline_at - registered.registered_at).total_seconds() == 3600
    assert not watch.has_ended()

    _complete(world, run_id)
    assert watch.has_ended()
    ended = watch.register()
    assert (ended.outcome, ended.state, ended.reason) == (WaitOutcome.ARRIVED, "succeeded", None)
    assert ended.workflow is not None
    assert ended.workflow.id == workflow_id


def test_what_came_before_is_found_at_once(world: World) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    world.start(run_id, key=key)
    _complete(world, run_id)

    assert Watch(world, for_workflow(key)).register().outcome is WaitOutcome.ARRIVED


def test_a_workflow_that_starts_later_is_waited_for(world: World) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    watch = Watch(world, for_workflow(key, "running"))
    assert watch.register().workflow is None
    assert not watch.has_ended()

    world.start(run_id, key=key)

    assert watch.has_ended()
    assert watch.register().state == "running"


def test_what_can_no_longer_happen_ends_the_wait_with_the_reason(world: World) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    workflow_id = world.start(run_id, key=key).workflow.id
    watch = Watch(world, for_workflow(key))
    watch.register()

    world.backend.cancel_workflow(CancelWorkflow(workflow_id))

    assert watch.has_ended()
    ended = watch.register()
    assert ended.outcome is WaitOutcome.IMPOSSIBLE
    assert ended.reason == f"Workflow order / {key} is cancelled and can no longer become succeeded."


def test_one_generation_is_meant_whatever_follows(world: World) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    first = world.start(run_id, key=key).workflow
    watch = Watch(world, for_workflow(key))
    watch.register()
    world.backend.cancel_workflow(CancelWorkflow(first.id))
    second = world.start(key=key).workflow
    assert second.generation == 2

    of_first = watch.register()
    assert of_first.outcome is WaitOutcome.IMPOSSIBLE
    assert of_first.workflow is not None
    assert of_first.workflow.id == first.id

    newest = Watch(world, for_workflow(key)).register()
    assert newest.outcome is None
    assert newest.workflow is not None
    assert newest.workflow.id == second.id


def test_a_retry_goes_on_and_does_not_start_its_time_over(world: World) -> None:
    key = world.unique("key")
    world.start(key=key)
    watch = Watch(world, for_workflow(key), timeout=600)
    first = watch.register()

    second = watch.retry()

    assert second == first
    watch.timeout = 900
    assert watch.retry().registered_at == first.registered_at


def test_a_retry_gets_the_end_that_its_task_did_not_live_to_see(world: World) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    world.start(run_id, key=key)
    watch = Watch(world, for_workflow(key))
    watch.register()
    _complete(world, run_id)
    assert watch.has_ended()

    assert watch.retry().outcome is WaitOutcome.ARRIVED


def test_time_runs_out(world: World) -> None:
    key = world.unique("key")
    watch = Watch(world, for_workflow(key), timeout=600)
    watch.register()
    watch.run_out_of_time()

    assert watch.has_ended()
    ended = watch.register()
    assert ended.outcome is WaitOutcome.EXPIRED
    assert ended.reason is not None
    assert ended.reason.startswith(f"Workflow order / {key} did not start (until ")
    anew = watch.retry()  # the previous try failed because of it
    assert anew.outcome is None
    assert anew.registered_at > ended.registered_at
    assert anew.wait_id != ended.wait_id


def test_zero_seconds_is_one_look(world: World) -> None:
    key = world.unique("key")
    world.start(key=key)

    assert Watch(world, for_workflow(key), timeout=0).register().outcome is WaitOutcome.EXPIRED
    assert Watch(world, for_workflow(key, "running"), timeout=0).register().outcome is WaitOutcome.ARRIVED


def test_a_task_that_had_waited_and_was_cleared_waits_anew(world: World) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    first = world.start(run_id, key=key).workflow
    watch = Watch(world, for_workflow(key, "running", "succeeded"))
    assert watch.register().outcome is WaitOutcome.ARRIVED
    world.backend.cancel_workflow(CancelWorkflow(first.id))

    assert watch.retry(state="success").outcome is WaitOutcome.IMPOSSIBLE


def test_another_target_is_another_wait(world: World) -> None:
    key, other = world.unique("key"), world.unique("key")
    watch = Watch(world, for_workflow(key))
    first = watch.register()
    watch.target = for_workflow(other)

    second = watch.register()

    assert second.wait_id != first.wait_id
    assert watch.world.backend.look_at_waits(LookAtWaits([first.wait_id])).wait_ids == [first.wait_id]


def test_one_look_tells_of_many_waits(world: World) -> None:
    run_id, key, other = world.rows.add_run("intake"), world.unique("key"), world.unique("key")
    world.start(run_id, key=key)
    world.start(key=other)
    waits = [Watch(world, for_workflow(each)) for each in (key, other, key, world.unique("key"))]
    ids = [watch.register().wait_id for watch in waits]
    _complete(world, run_id)

    assert set(world.backend.look_at_waits(LookAtWaits(ids)).wait_ids) == {ids[0], ids[2]}
    assert world.backend.look_at_waits(LookAtWaits([])).wait_ids == []


def test_a_task_of_the_workflow_itself_is_refused(world: World) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    world.start(run_id, key=key)
    task = world.rows.add_task("intake", run_id, "watch")

    with pytest.raises(InvalidRequest, match="to which its own run belongs"):
        world.backend.register_wait(RegisterWait(task, for_workflow(key)))


@pytest.mark.parametrize(
    ("target", "timeout", "complaint"),
    [
        (for_workflow("1", "done"), None, "no state 'done'"),
        (WaitTarget(WaitKind.WORKFLOW, "order", "1"), None, "has no states"),
        (WaitTarget(WaitKind.TOKEN, "order", "1", ["succeeded"]), None, "cannot wait for a token"),
        (WaitTarget(WaitKind.WORKFLOW, "order", "1", ["succeeded"], step="pay"), None, "cannot have a step"),
        (for_workflow("1"), -1.0, "cannot take -1"),
        (for_workflow("1"), 1e12, "cannot take 1000000000000"),
    ],
)
def test_what_cannot_be_waited_for_is_refused(
    world: World, target: WaitTarget, timeout: float | None, complaint: str
) -> None:
    with pytest.raises(InvalidRequest, match=complaint):
        Watch(world, target, timeout).register()


def test_bad_names_and_tasks_are_refused(world: World) -> None:
    with pytest.raises(InvalidName):
        Watch(world, for_workflow(" ")).register()
    watch = Watch(world, for_workflow("1"))
    world.rows.set_task_state(watch.task, "success")
    with pytest.raises(TaskInstanceNotFound):
        watch.register()
    with pytest.raises(InvalidRequest, match="not a UUID"):
        world.backend.look_at_waits(LookAtWaits(["1"]))
    with pytest.raises(InvalidRequest, match="at most 1000"):
        world.backend.look_at_waits(LookAtWaits(["01900000-0000-7000-8000-000000000000"] * 1001))
