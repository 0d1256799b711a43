"""The contract of ``StateBackend.plan_cancel``."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.messages.cancel import CancelWorkflow, UnfinishedTask
from airflow_wfstate.domain.rules.states import WorkflowState
from tests.support.running_order import running_order
from tests.support.world import World


@pytest.mark.parametrize("compensate", [False, True])
def test_the_plan_says_what_the_cancel_then_does(world: World, compensate: bool) -> None:
    order = running_order(world)
    before = world.journal(order.workflow_id)

    plan = world.backend.plan_cancel(order.workflow_id, compensate=compensate)

    assert world.journal(order.workflow_id) == before
    assert order.state() is WorkflowState.RUNNING
    assert plan.workflow.id == order.workflow_id
    assert plan.tasks == [
        UnfinishedTask("fulfilment", order.child_run, "load", -1, "running"),
        UnfinishedTask("fulfilment", order.child_run, "ship", -1, "up_for_retry"),
        UnfinishedTask("intake", order.run_id, "bill", -1, None),
        UnfinishedTask("intake", order.run_id, "fulfil", -1, "deferred"),
    ]
    assert plan.open_steps == ["intake.fulfil", "fulfilment.load"]
    undone, discarded = [[item.step for item in items] for items in (plan.undone, plan.discarded)]
    if compensate:
        assert (undone, discarded) == (["fulfilment.pack", "intake.reserve"], [])
    else:
        assert (undone, discarded) == ([], ["intake.reserve", "fulfilment.pack", "fulfilment.load"])
    cancelled = world.backend.cancel_workflow(CancelWorkflow(order.workflow_id, compensate=compensate))
    assert cancelled.workflow.state is plan.next_state
    assert cancelled.outcome == plan.outcome
    assert (cancelled.failed_tasks, cancelled.discarded) == (len(plan.tasks), len(plan.discarded))


def test_the_plan_names_paused_dags_whose_runs_would_not_end(world: World) -> None:
    dag_id = world.unique("dag")
    workflow_id = world.start(dag_id=dag_id).workflow.id
    assert world.backend.plan_cancel(workflow_id).paused_dag_ids == []
    world.rows.pause_dag(dag_id)

    assert world.backend.plan_cancel(workflow_id).paused_dag_ids == [dag_id]


def test_the_plan_names_a_paused_dag_whose_run_has_ended_and_would_undo(world: World) -> None:
    dag_id = world.unique("dag")
    run_id = world.rows.add_run(dag_id)
    workflow_id = world.start(run_id, dag_id=dag_id).workflow.id
    world.step_done(run_id, "pay", dag_id=dag_id, undo="task:pay")
    world.rows.set_run_state(dag_id, run_id, "failed")
    world.rows.pause_dag(dag_id)

    assert world.backend.plan_cancel(workflow_id, compensate=True).paused_dag_ids == [dag_id]
    assert world.backend.plan_cancel(workflow_id, compensate=False).paused_dag_ids == []
