"""What the sweep read before it had the lock is read again under it, because anything may have happened in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from airflow_wfstate.domain.messages.step import BeginDecision
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.store.compensation import relay_clear
from airflow_wfstate.store.sweeping.sweep import sweep
from tests.support.between import between_read_and_lock
from tests.support.saga import Saga
from tests.support.world import World


def _sweep(world: World, workflow_id: str, meanwhile: Callable[[], object]) -> None:
    with between_read_and_lock(workflow_id, meanwhile) as happened:
        sweep(world.rows.engine)
    assert happened


def test_a_task_that_was_cleared_meanwhile_keeps_its_workflow_open(world: World) -> None:
    run_id = world.rows.add_run("plain")
    task, begun = world.begin(run_id, "load", dag_id="plain")
    world.succeed(begun)
    world.rows.set_task_state(task, "success")
    world.rows.set_run_state("plain", run_id, "success")

    def clear_and_begin() -> None:
        world.rows.count_clear("plain", run_id)
        again = world.begin_as(world.rows.next_try(task, state="success"), "load")
        assert again.decision is BeginDecision.RUN

    _sweep(world, begun.workflow.id, clear_and_begin)

    detail = world.backend.get_workflow(begun.workflow.id)
    assert (detail.summary.state, detail.steps[0].state) == (WorkflowState.RUNNING, StepState.RUNNING)


def test_a_failed_run_that_was_cleared_meanwhile_fails_nothing(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    world.rows.set_run_state("intake", run_id, "failed")

    _sweep(world, workflow.id, lambda: world.rows.count_clear("intake", run_id))

    assert world.state(workflow.id) is WorkflowState.RUNNING


def test_an_attempt_that_reported_its_end_meanwhile_is_not_lost(world: World) -> None:
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    task, begun = world.begin(run_id, "charge")
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(minutes=5))

    _sweep(world, workflow.id, lambda: world.succeed(begun, "late"))

    assert world.backend.get_workflow(workflow.id).steps[0].state is StepState.SUCCEEDED


def test_a_relay_that_lost_its_turn_meanwhile_is_not_set_going(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    saga = Saga.start(world)
    saga.done("charge")
    saga.fail()
    world.rows.set_task_state(saga.relay, "failed")
    world.rows.set_run_state("intake", saga.run_id, "failed")
    found = relay_clear.waiting_relays(world.rows.engine)
    assert saga.relay in found
    saga.world.rows.set_task_state(saga.relay, "running")
    saga.undo(saga.ask())
    world.rows.set_task_state(saga.relay, "success")
    monkeypatch.setattr(relay_clear, "waiting_relays", lambda _: [saga.relay])

    relay_clear.clear_waiting_relays(world.rows.engine)

    assert world.rows.task_state(saga.relay) == "success"
