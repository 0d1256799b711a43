"""``LocalStep``: a step for unit tests is a step, and remembers as a round does."""

from __future__ import annotations

import asyncio
import inspect

import pytest
from airflow.sdk.exceptions import TaskDeferred

from airflow_wfstate.exceptions import InvalidName, InvalidPayload, RecordedError
from airflow_wfstate.operators.step import Step
from airflow_wfstate.testing import LocalStep


def _public(kind: type) -> dict[str, object]:
    return {name: member for name, member in inspect.getmembers(kind) if not name.startswith("_")}


def test_it_has_all_that_a_step_has_and_little_more() -> None:
    own, real = _public(LocalStep), _public(Step)
    assert {name: own[name] for name in real} == real, "nothing of the real step is written anew"
    assert own.keys() - real.keys() == {"recorded", "next_attempt", "cancel"}


def test_its_workflow_is_what_was_given() -> None:
    step = LocalStep(name="order", key="1001", generation=2, correlation_id="c", attempt=3, round=2)
    workflow = step.workflow
    assert (workflow.name, workflow.key, workflow.generation, workflow.correlation_id) == ("order", "1001", 2, "c")
    assert (step.attempt, step.round, step.cancelled) == (3, 2, False)
    assert LocalStep(idempotency_key="k").idempotency_key == "k"


def test_values_come_back_as_they_are_stored() -> None:
    step = LocalStep(checkpoints={"seen": {1, 2}})
    assert step.checkpoints == {"seen": {1, 2}}
    step.checkpoint("point", (1, 2))
    assert step.next_attempt().checkpoints == {"seen": {1, 2}, "point": (1, 2)}
    with pytest.raises(InvalidPayload):
        step.checkpoint("socket", object())
    with pytest.raises(InvalidName):
        step.checkpoint("", 1)


def test_a_retry_finds_what_calls_have_recorded() -> None:
    calls: list[str] = []

    def call(what: str) -> str:
        calls.append(what)
        return what.upper()

    first = LocalStep()
    assert first.once("call", call, "a") == "A"
    with pytest.raises(InvalidName):
        first.once("call", call, "b")
    assert first.next_attempt().once("call", call, "a") == "A"
    assert LocalStep(recorded={"call": "Z"}).once("call", call, "a") == "Z"
    assert calls == ["a"]


def test_a_recorded_error_is_raised_again() -> None:
    step = LocalStep()
    with pytest.raises(ZeroDivisionError):
        step.once("call", lambda: 1 / 0, record_errors=True)
    with pytest.raises(RecordedError, match="division by zero"):
        step.next_attempt().once("call", lambda: 1)


def test_an_async_call_is_awaited() -> None:
    async def call() -> int:
        return 7

    step = LocalStep()
    assert asyncio.run(step.once("call", call)) == 7
    assert asyncio.run(step.next_attempt().once("call", call)) == 7


def test_a_token_has_the_answer_that_was_given_or_defers() -> None:
    assert LocalStep(answers={"callback": {"ok": True}}).token().wait() == {"ok": True}
    with pytest.raises(TaskDeferred):
        LocalStep().token("callback").wait()


def test_it_can_be_cancelled() -> None:
    step = LocalStep()
    step.cancel()
    assert step.cancelled
    assert not step.next_attempt().cancelled
