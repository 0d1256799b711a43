"""WaitForEventOperator: a step that waits, deferred, for what a service reports."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from airflow_wfstate import WaitForEventOperator
from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.triggers.wait import WaitTrigger
from tests.support.services import Shop


@pytest.fixture
def shop(world):
    return Shop(world.backend, on_failure="compensate").apply()


@pytest.fixture
def context(world, shop) -> Any:
    run_id = world.rows.add_run("intake")
    world.start(run_id, name=shop.name, key="1")
    task = world.rows.add_task("intake", run_id, "paid")
    return {"ti": SimpleNamespace(id=uuid.UUID(task), map_index=-1, xcom_push=lambda key, value: None)}


def test_the_step_waits_and_returns_the_data_of_the_event(world, shop, context):
    operator = WaitForEventOperator(task_id="paid", event="captured")
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context)
    assert isinstance(deferred.value.trigger, WaitTrigger)

    shop.send(shop.event("payments", "captured", "1", {"amount": 30}))

    output = operator.resume_execution(deferred.value.method_name, {"event": {}}, context)
    assert output == {"order_id": "1", "amount": 30}
    assert shop.states("1")["intake.paid"] == "succeeded"


def test_a_declined_payment_fails_the_step_for_good(world, shop, context):
    operator = WaitForEventOperator(task_id="paid", event="captured")
    with pytest.raises(TaskDeferred):
        operator.execute(context)
    shop.send(shop.event("payments", "declined", "1", {"reason": "no money"}))

    with pytest.raises(AirflowFailException, match="No event captured of workflow"):
        operator.resume_execution("ask_again", {"event": {}}, context)


def test_what_is_declared_wrongly_is_an_error_of_the_dag():
    with pytest.raises(InvalidDag, match="a key and a correlation_id"):
        WaitForEventOperator(task_id="paid", event="captured", key="1", correlation_id="2")
    with pytest.raises(InvalidDag, match="a name without a key"):
        WaitForEventOperator(task_id="paid", event="captured", name="order")
    with pytest.raises(TypeError, match="compensate"):
        WaitForEventOperator(task_id="paid", event="captured", compensate=print)
