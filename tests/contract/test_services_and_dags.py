"""Workflows in which both DAGs and services take part: operators start and complete them."""

from __future__ import annotations

import pytest

from airflow_wfstate.domain.messages.workflow import CompletedWorkflow, CompleteWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.exceptions import WorkflowUnfinished
from tests.support.services import Shop
from tests.support.world import World


@pytest.fixture
def shop(world: World) -> Shop:
    return Shop(world.backend, plan=["intake.check", "payments.capture"]).apply()


def complete(world: World, run_id: str, *, over_failed_steps: bool = False) -> CompletedWorkflow:
    task_instance_id = world.rows.add_task("intake", run_id, world.unique("complete"))
    return world.backend.complete_workflow(
        CompleteWorkflow(task_instance_id, Payload.of(None), over_failed_steps=over_failed_steps)
    )


@pytest.mark.first_answer
def test_events_that_wait_are_applied_when_a_dag_starts_the_workflow(world: World, shop: Shop) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    assert shop.told(shop.event("payments", "captured", key)) == ["parked: Its workflow has not started yet."]

    started = world.start(run_id, name=shop.name, key=key)

    assert shop.states(key) == {"payments.capture": "succeeded"}
    assert world.told(started.workflow.id) == [
        "workflow.started",
        "run.linked",
        "step.succeeded payments.capture",
    ]
    assert shop.find(key).summary.state is WorkflowState.RUNNING


def test_the_owner_completes_it_when_no_service_is_at_work(world: World, shop: Shop) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    world.start(run_id, name=shop.name, key=key)
    world.step_done(run_id, "check")
    shop.send(shop.event("payments", "authorised", key))

    waiting = complete(world, run_id)
    assert waiting.waits_for is not None
    assert "payments.capture is running at its service" in waiting.waits_for
    shop.send(shop.event("payments", "captured", key))

    assert complete(world, run_id).workflow.state is WorkflowState.SUCCEEDED


def test_a_step_that_failed_at_its_service_keeps_the_workflow_from_succeeding(world: World, shop: Shop) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    world.start(run_id, name=shop.name, key=key)
    shop.send(shop.event("payments", "declined", key, {"reason": "no cover"}))

    assert shop.find(key).summary.state is WorkflowState.RUNNING  # its run decides
    with pytest.raises(WorkflowUnfinished, match=r"payments\.capture has failed at its service"):
        complete(world, run_id)
    assert complete(world, run_id, over_failed_steps=True).workflow.state is WorkflowState.SUCCEEDED


def test_an_event_starts_no_second_workflow_beside_that_of_a_dag(world: World, shop: Shop) -> None:
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    started = world.start(run_id, name=shop.name, key=key)

    (result,) = shop.send(shop.placed(key))

    assert result.workflow_id == started.workflow.id
    assert shop.generations(key) == ["running"]


def test_a_workflow_of_an_event_succeeds_with_the_last_planned_step_of_its_guest(world: World, shop: Shop) -> None:
    key = world.unique("key")
    guest = Shop(world.backend, plan=["shop.place", "intake.check"])
    guest.more = {"participants": {**guest.definition()["participants"], "intake": {}}}
    guest.apply()
    guest.send(guest.placed(key))
    run_id = world.rows.add_run("intake")
    started = world.start(run_id, name=guest.name, key=key, input={"order_id": key, "total": 30})
    world.step_done(run_id, "check")
    assert guest.find(key).summary.state is WorkflowState.RUNNING

    world.sweep()

    assert guest.find(key).summary.state is WorkflowState.SUCCEEDED
    assert started.workflow.id == guest.find(key).summary.id
