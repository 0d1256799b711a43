"""CompleteWorkflowOperator in a guest's run waits, deferred, for the run that started the workflow."""

from __future__ import annotations

import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.workflow import CompleteWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.operators.complete_workflow import CompleteWorkflowOperator
from airflow_wfstate.operators.steps.waiting import ASK_AGAIN
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World


@pytest.fixture
def world(migrated_sqlite_url, monkeypatch):
    engine = create_engine(migrated_sqlite_url)
    backend = DatabaseBackend(engine)
    monkeypatch.setattr(
        "airflow_wfstate.operators.complete_workflow.WorkflowStateHook",
        lambda _conn_id: SimpleNamespace(get_conn=lambda: backend),
    )
    yield World(backend, AirflowRows(engine))
    engine.dispose()


@pytest.fixture
def running(world):
    """A running workflow with a guest: its id and its owner's run id; the guest's operator and context."""
    key, run_id, guest_run = world.unique("key"), world.rows.add_run("intake"), world.rows.add_run("intake")
    workflow_id = world.start(run_id, key=key).workflow.id
    world.start(guest_run, key=key)
    task_instance_id = world.rows.add_task("intake", guest_run, "complete")
    context: Any = {"ti": SimpleNamespace(id=uuid.UUID(task_instance_id), xcom_push=lambda key, value: None)}
    return workflow_id, run_id, CompleteWorkflowOperator(task_id="complete", output="the guest's"), context


def test_a_guest_waits_deferred_and_returns_the_stored_output(world, running):
    _, run_id, operator, context = running
    with pytest.raises(TaskDeferred) as waiting:
        operator.execute(context)
    assert waiting.value.method_name == ASK_AGAIN
    with pytest.raises(TaskDeferred) as still_waiting:
        operator.resume_execution(ASK_AGAIN, {**waiting.value.kwargs, "event": None}, context)
    assert still_waiting.value.kwargs == waiting.value.kwargs  # the wait began only once
    owner = world.rows.add_task("intake", run_id, "complete")
    world.backend.complete_workflow(CompleteWorkflow(owner, Payload.of("the owner's")))

    completed = operator.resume_execution(ASK_AGAIN, {**waiting.value.kwargs, "event": None}, context)

    assert (completed["state"], completed["output"]) == ("succeeded", "the owner's")


def test_a_guest_fails_without_a_retry_when_the_workflow_is_cancelled(world, running):
    workflow_id, _, operator, context = running
    with pytest.raises(TaskDeferred) as waiting:
        operator.execute(context)
    world.backend.cancel_workflow(CancelWorkflow(workflow_id))

    with pytest.raises(AirflowFailException, match=r"is cancelled.*only a guest and gets no output"):
        operator.resume_execution(ASK_AGAIN, {**waiting.value.kwargs, "event": None}, context)


def test_the_wait_of_a_guest_is_limited(world, running, monkeypatch):
    monkeypatch.setattr("airflow_wfstate.conf.busy_timeout", lambda: timedelta(0))
    _, _, operator, context = running

    with pytest.raises(AirflowFailException, match=r"is only a guest of it; waited since .*busy_timeout_seconds"):
        operator.execute(context)
