"""What the sweep does, and does not do, after a workflow was cancelled; and who cannot cancel one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensation import EndCompensation, TakeTurn
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.exceptions import AccessDenied
from airflow_wfstate.store.compensation.relay_clear import waiting_relays
from airflow_wfstate.store.sweeping.sweep import sweep
from tests.support.airflow_rows import AirflowRows
from tests.support.running_order import RunningOrder, running_order
from tests.support.world import World


@pytest.fixture
def order(engine: Engine) -> RunningOrder:
    return running_order(World(DatabaseBackend(engine), AirflowRows(engine)))


def _end_runs(order: RunningOrder) -> None:
    """What the scheduler does when every task has ended: the relays ran, and the runs are failed."""
    rows = order.world.rows
    for relay in order.relays.values():
        rows.set_task_state(relay, "success")
    for task in order.tasks.values():
        rows.set_task_state(task, "failed", ended_ago=timedelta(minutes=1))
    rows.set_run_state("intake", order.run_id, "failed")
    rows.set_run_state("fulfilment", order.child_run, "failed")


def _step_states(order: RunningOrder) -> dict[str, StepState]:
    return {step.name: step.state for step in order.world.backend.get_workflow(order.workflow_id).steps}


def test_failed_runs_do_not_fail_a_cancelled_workflow_and_steps_that_said_nothing_are_lost(
    engine: Engine, order: RunningOrder
) -> None:
    world = order.world
    world.backend.cancel_workflow(CancelWorkflow(order.workflow_id))
    _end_runs(order)

    sweep(engine)

    assert order.state() is WorkflowState.CANCELLED
    assert _step_states(order) == {
        "reserve": StepState.SUCCEEDED,
        "fulfil": StepState.LOST,
        "pack": StepState.SUCCEEDED,
        "load": StepState.LOST,
    }
    before = world.journal(order.workflow_id)
    assert [entry.kind.value for entry in before[-2:]] == ["step.lost", "step.lost"]
    sweep(engine)
    assert world.journal(order.workflow_id) == before


def test_with_compensation_the_relays_are_left_to_airflow_and_then_set_going_in_their_turn(
    engine: Engine, order: RunningOrder
) -> None:
    world = order.world
    world.backend.cancel_workflow(CancelWorkflow(order.workflow_id, compensate=True))
    sweep(engine)
    # Steps are running, and the relays have not run: both are up to the scheduler.
    assert [kind for kind in world.told(order.workflow_id) if kind.startswith("turn")] == []
    assert waiting_relays(engine) == []
    _end_runs(order)

    undone: list[str] = []
    while order.state() is WorkflowState.COMPENSATING:
        sweep(engine)
        undone += _relays_that_run(order)
    assert undone == ["fulfilment.load", "fulfilment.pack", "intake.reserve"]
    assert order.state() is WorkflowState.COMPENSATED


def _relays_that_run(order: RunningOrder) -> list[str]:
    """Do what a relay does after it was cleared, as the scheduler would run it; return what it undid."""
    rows, undone = order.world.rows, []
    for dag_id, run_id in (("intake", order.run_id), ("fulfilment", order.child_run)):
        cleared = rows.unfinished_task(dag_id, run_id, "compensate")
        if cleared is None:
            continue
        rows.set_task_state(cleared, "running")
        answer = order.world.backend.take_turn(TakeTurn(cleared, []))
        while answer.work is not None:
            undone.append(f"{dag_id}.{answer.work.step_name}")
            order.world.backend.end_compensation(EndCompensation(answer.work.compensation_key, succeeded=True))
            answer = order.world.backend.take_turn(TakeTurn(cleared, []))
        rows.set_task_state(cleared, "success")
        rows.set_run_state(dag_id, run_id, "failed")
    return undone


def test_a_worker_on_the_postgres_way_cannot_cancel(engine: Engine, order: RunningOrder) -> None:
    worker = DatabaseBackend(engine, is_server=False)
    for refused in (
        lambda: worker.cancel_workflow(CancelWorkflow(order.workflow_id)),
        lambda: worker.plan_cancel(order.workflow_id),
    ):
        with pytest.raises(AccessDenied, match="Use a connection of type wfstate, the command line or the page"):
            refused()
    assert order.state() is WorkflowState.RUNNING
