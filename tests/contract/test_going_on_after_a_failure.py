"""The contract of a failed workflow: only a clear that came after the failure resumes it."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.messages.step import BeginDecision, BegunStep, LinkChildRun
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow, StartWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.exceptions import WorkflowClosed
from tests.support.world import World


def _linked_child(world: World, run_id: str) -> tuple[BegunStep, str]:
    """A step of the run that triggered a child and ended; returns the step and the child's run id."""
    task, begun = world.begin(run_id, "fulfil")
    child = world.unique("child")
    world.backend.link_child_run(LinkChildRun(begun.attempt_key, 1, "fulfilment", child))
    world.succeed(begun, write=2)
    world.rows.set_task_state(task, "success")
    return begun, world.rows.add_run("fulfilment", child)


def _failed_child(world: World, run_id: str) -> str:
    _, child = _linked_child(world, run_id)
    world.rows.set_run_state("fulfilment", child, "failed")
    world.sweep()
    return child


@pytest.mark.parametrize("clears", [0, 3])
def test_a_clear_of_long_ago_does_not_set_it_going(world: World, clears: int) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id, on_failure=FailurePolicy.HOLD).workflow
    for _ in range(clears):
        world.rows.count_clear("intake", run_id)
    _failed_child(world, run_id)

    with pytest.raises(WorkflowClosed, match="is failed"):
        world.begin(run_id, "other_branch")

    assert world.state(workflow.id) is WorkflowState.FAILED


def test_a_clear_that_came_after_the_failure_sets_it_going(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id, on_failure=FailurePolicy.HOLD).workflow
    world.rows.count_clear("intake", run_id)
    child = _failed_child(world, run_id)
    world.rows.count_clear("fulfilment", child)

    _, begun = world.begin(child, "pack", dag_id="fulfilment")

    assert begun.decision is BeginDecision.RUN
    summary = world.backend.get_workflow(workflow.id).summary
    assert (summary.state, summary.hold_reason) == (WorkflowState.RUNNING, None)


def test_each_failure_counts_anew(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id, on_failure=FailurePolicy.HOLD)
    child = _failed_child(world, run_id)
    world.rows.count_clear("fulfilment", child)
    world.begin(child, "pack", dag_id="fulfilment")
    world.rows.set_run_state("fulfilment", child, "failed")
    world.sweep()

    with pytest.raises(WorkflowClosed, match="is failed"):
        world.begin(child, "ship", dag_id="fulfilment")

    world.rows.count_clear("fulfilment", child)
    assert world.begin(child, "ship", dag_id="fulfilment")[1].decision is BeginDecision.RUN


@pytest.mark.parametrize("is_cleared", [False, True])
def test_a_start_that_is_tried_again_sets_it_going_only_after_a_clear(world: World, is_cleared: bool) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    workflow = world.start(run_id, key=key, on_failure=FailurePolicy.HOLD).workflow
    world.rows.count_clear("intake", run_id)
    _failed_child(world, run_id)
    if is_cleared:
        world.rows.count_clear("intake", run_id)

    start = world.rows.add_task("intake", run_id, world.unique("start"))
    started = world.backend.start_workflow(
        StartWorkflow(start, "order", key, Payload.of(None), on_failure=FailurePolicy.HOLD)
    )

    assert started.workflow.id == workflow.id
    assert started.workflow.state is (WorkflowState.RUNNING if is_cleared else WorkflowState.FAILED)


def test_a_failed_one_is_completed_only_after_a_clear(world: World) -> None:
    """Somebody marks the task of its last step as success. Airflow clears the tasks below, which complete it."""
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id, on_failure=FailurePolicy.HOLD).workflow
    world.rows.count_clear("intake", run_id)
    child = _failed_child(world, run_id)
    complete = world.rows.add_task("intake", run_id, "complete")
    with pytest.raises(WorkflowClosed, match="is failed"):
        world.backend.complete_workflow(CompleteWorkflow(complete, Payload.of("done")))

    world.rows.set_run_state("fulfilment", child, "success")
    world.rows.count_clear("intake", run_id)
    completed = world.backend.complete_workflow(CompleteWorkflow(complete, Payload.of("done")))

    assert completed.workflow.state is WorkflowState.SUCCEEDED
    assert world.told(workflow.id)[-2:] == ["workflow.resumed", "workflow.succeeded"]
