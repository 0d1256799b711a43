"""The sensors: they defer, poke or reschedule, and fail at once when what they wait for can no longer happen."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferred,
)
from sqlalchemy import create_engine

from airflow_wfstate import WaitForStepSensor, WaitForWorkflowSensor
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.triggers.wait import WaitTrigger
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World


@pytest.fixture
def world(migrated_sqlite_url, monkeypatch):
    engine = create_engine(migrated_sqlite_url)
    backend = DatabaseBackend(engine)
    monkeypatch.setattr(
        "airflow_wfstate.sensors.wait.WorkflowStateHook", lambda _conn_id: SimpleNamespace(get_conn=lambda: backend)
    )
    yield World(backend, AirflowRows(engine))
    engine.dispose()


@pytest.fixture
def key(world):
    return world.unique("key")


@pytest.fixture
def run_id(world, key):
    run_id = world.rows.add_run("intake")
    world.start(run_id, key=key)
    return run_id


@pytest.fixture
def context(world) -> Any:
    task = SimpleNamespace(
        id=uuid.UUID(world.rows.running_task("watcher")), get_first_reschedule_date=lambda _context: None
    )
    return {"ti": task}


def _complete(world, run_id):
    task = world.rows.add_task("intake", run_id, "complete")
    return world.backend.complete_workflow(CompleteWorkflow(task, Payload.of("done"))).workflow


def test_it_defers_and_returns_the_workflow(world, run_id, key, context):
    sensor = WaitForWorkflowSensor(task_id="watch", name="order", key=key)
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(context)
    path, arguments = deferred.value.trigger.serialize()
    assert path == "airflow_wfstate.triggers.wait.WaitTrigger"
    assert WaitTrigger(**arguments).serialize() == (path, arguments)
    workflow = _complete(world, run_id)

    resumed = sensor.resume_execution(deferred.value.method_name, {"event": {}}, context)

    assert resumed == {
        "workflow_id": workflow.id,
        "name": "order",
        "key": key,
        "generation": 1,
        "correlation_id": workflow.correlation_id,
        "state": "succeeded",
    }


def test_it_defers_again_when_it_was_woken_too_early(run_id, key, context):
    sensor = WaitForWorkflowSensor(task_id="watch", name="order", key=key)
    for _ in range(2):
        with pytest.raises(TaskDeferred):
            sensor.resume_execution("woken", {"event": {}}, context)


def test_what_has_come_already_needs_no_triggerer(world, run_id, key, context):
    world.step_done(run_id, "pay")
    sensor = WaitForStepSensor(task_id="watch", name="order", key=key, participant="intake", step="pay")

    done = sensor.execute(context)

    assert (done["step"], done["state"]) == ("intake.pay", "succeeded")


def test_it_pokes_where_it_is_told_to(world, run_id, key, context):
    sensor = WaitForWorkflowSensor(task_id="watch", name="order", key=key, deferrable=False, poke_interval=0.01)
    pokes = []

    def completing(poke=sensor.poke):
        pokes.append(1)
        if len(pokes) == 2:
            _complete(world, run_id)
        return poke(context)

    sensor.poke = lambda _context: completing()

    assert sensor.execute(context)["state"] == "succeeded"
    assert len(pokes) == 2


def test_it_reschedules_where_it_is_told_to(run_id, key, context):
    sensor = WaitForWorkflowSensor(task_id="watch", name="order", key=key, deferrable=False, mode="reschedule")
    with pytest.raises(AirflowRescheduleException):
        sensor.execute(context)


@pytest.mark.parametrize("options", [{}, {"deferrable": False}], ids=["deferrable", "poke"])
def test_what_can_no_longer_happen_fails_at_once(world, run_id, key, context, options):
    (workflow,) = world.backend.list_workflows(_of(key)).workflows
    world.backend.cancel_workflow(CancelWorkflow(workflow.id))
    sensor = WaitForWorkflowSensor(task_id="watch", name="order", key=key, **options)
    with pytest.raises(AirflowFailException, match="is cancelled and can no longer become succeeded"):
        sensor.execute(context)
    with pytest.raises(AirflowSkipException):
        WaitForWorkflowSensor(task_id="watch", name="order", key=key, soft_fail=True, **options).execute(context)


@pytest.mark.parametrize("options", [{}, {"deferrable": False}], ids=["deferrable", "poke"])
def test_the_time_is_over(run_id, key, context, options):
    sensor = WaitForWorkflowSensor(task_id="watch", name="order", key=key, timeout=0, **options)
    with pytest.raises(AirflowSensorTimeout, match=r"did not become succeeded: it is running \(until"):
        sensor.execute(context)


def test_states_are_checked_while_the_dag_is_parsed():
    for states in ("succeeded", [], ["done"]):
        with pytest.raises(InvalidDag, match="Task watch"):
            WaitForWorkflowSensor(task_id="watch", name="order", key="1", states=states)
    with pytest.raises(InvalidDag, match="'cancelled'"):
        WaitForStepSensor(task_id="watch", name="order", key="1", participant="a", step="b", states=["cancelled"])


def _of(key):
    from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery

    return WorkflowQuery(key=key)
