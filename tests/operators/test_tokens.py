"""``step.token()``: the task waits, deferred, and its function runs again when the answer has arrived."""

from __future__ import annotations

import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.exceptions import InvalidName, InvalidRequest
from airflow_wfstate.operators.step import Step
from airflow_wfstate.operators.steps.declaration.options import StepOptions
from airflow_wfstate.operators.steps.execution import StepExecution
from airflow_wfstate.operators.steps.waiting import ASK_AGAIN
from airflow_wfstate.triggers.wait import WaitTrigger
from tests.support.world import World


class Ordering:
    """A task whose step orders something from a vendor, and waits for the answer."""

    def __init__(self, world: World) -> None:
        self.world = world
        run_id = world.rows.add_run("intake")
        self.workflow_id = world.start(run_id).workflow.id
        self.task = world.rows.add_task("intake", run_id, "order")
        self.urls: list[str] = []
        self.expires = timedelta(hours=1)

    def work(self, attempt):
        """What the step does."""
        step = Step(attempt)
        token = step.token(expires=self.expires)
        assert step.token() is token
        step.once("order", self.urls.append, token.url)
        return {"answer": token.wait()}

    def run(self, *, resumed: bool = False) -> Any:
        """One execution of the task."""
        context: Any = {"ti": SimpleNamespace(id=uuid.UUID(self.task), map_index=-1, xcom_push=lambda key, value: None)}
        execution = StepExecution(EmptyOperator(task_id="order"), StepOptions(), context)
        if resumed:
            return execution.resume(ASK_AGAIN, {"event": {}}, execute=self.work, go_on=_refuse)
        return execution.execute(self.work)

    def answer(self, value, url: str) -> None:
        """What the vendor does."""
        DatabaseBackend(self.world.rows.engine).use_token(url.rpartition("/")[2], Payload.of(value))


def _refuse(*_arguments):
    raise AssertionError("The step did not begin from its start.")


@pytest.fixture
def ordering(world):
    return Ordering(world)


def test_the_step_waits_and_returns_what_the_vendor_sent(ordering):
    with pytest.raises(TaskDeferred) as deferred:
        ordering.run()
    assert isinstance(deferred.value.trigger, WaitTrigger)
    assert deferred.value.method_name == ASK_AGAIN
    assert ordering.world.told(ordering.workflow_id)[-1] == "step.waiting intake.order"

    ordering.answer({"price": 12}, ordering.urls[0])

    assert ordering.run(resumed=True) == {"answer": {"price": 12}}
    assert len(ordering.urls) == 1  # ordered once, although the function ran twice
    assert ordering.world.told(ordering.workflow_id)[-3:] == [
        "step.answered intake.order",
        "step.continued intake.order",
        "step.succeeded intake.order",
    ]


def test_woken_too_early_it_waits_on(ordering):
    with pytest.raises(TaskDeferred) as first:
        ordering.run()
    with pytest.raises(TaskDeferred) as second:
        ordering.run(resumed=True)

    assert second.value.trigger.wait_id == first.value.trigger.wait_id


def test_a_retry_goes_on_waiting_and_does_not_order_again(ordering):
    with pytest.raises(TaskDeferred) as first:
        ordering.run()
    ordering.task = ordering.world.rows.next_try(ordering.task)
    with pytest.raises(TaskDeferred) as second:
        ordering.run()
    assert second.value.trigger.wait_id == first.value.trigger.wait_id

    ordering.answer("yes", ordering.urls[0])

    assert ordering.run(resumed=True) == {"answer": "yes"}
    assert len(ordering.urls) == 1


def test_no_answer_in_time_fails_for_good(ordering):
    ordering.expires = timedelta(0)
    with pytest.raises(AirflowFailException, match="Nobody used the token"):
        ordering.run()
    (step,) = ordering.world.backend.get_workflow(ordering.workflow_id).steps
    assert step.error.startswith("airflow_wfstate.exceptions.WaitTimedOut: Nobody used the token (until ")


def test_bad_input_is_refused_before_anything_is_sent(ordering):
    attempts = []
    context: Any = {"ti": SimpleNamespace(id=uuid.UUID(ordering.task), map_index=-1, xcom_push=lambda key, value: None)}
    StepExecution(EmptyOperator(task_id="order"), StepOptions(), context).execute(attempts.append)
    step = Step(attempts[0])
    with pytest.raises(InvalidName, match="token name is empty"):
        step.token(" ")
    with pytest.raises(InvalidRequest, match="cannot take -1"):
        step.token(expires=timedelta(seconds=-1))


def test_a_token_does_not_show_its_secret(ordering):
    tokens = []
    ordering.work = lambda attempt: tokens.append(Step(attempt).token("vendor"))
    ordering.run()

    assert repr(tokens[0]) == "<Token 'vendor'>"
    assert tokens[0].url.endswith(f"/wfstate/v1/tokens/{tokens[0].text}")
    assert len(tokens[0].text) == 43
