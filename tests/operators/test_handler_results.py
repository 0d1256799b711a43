"""What an undo may be, and what it may return: it is done only when it is known to be done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator, ShortCircuitOperator
from airflow.sdk import DAG, task
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSkipException,
    TaskDeferred,
)

from airflow_wfstate import durable
from airflow_wfstate.domain.messages.compensation import CompensationWork
from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.relay.handler import CompensationContext, call_handler
from airflow_wfstate.operators.relay.undo_operator import run_undo_operator
from airflow_wfstate.operators.steps.declaration.options import StepOptions
from airflow_wfstate.operators.steps.declaration.undo_signature import check_undo

WORKFLOW = WorkflowRef("01900000-0000-7000-8000-000000000000", "order", "7", 1, "c", WorkflowState.COMPENSATING)
DONE: list[object] = []
"""What the undos did, in order."""


@pytest.fixture(autouse=True)
def _nothing_done() -> None:
    DONE.clear()


@dataclass
class Receipt:
    """A user's own data class."""

    number: int


def _undo(compensate: Any, output: Payload | None = None) -> str | None:
    """Run the undo that a task declares, and the operators it returns, as the relay does."""
    with DAG("trip", schedule=None) as dag:
        task.step(compensate=compensate, task_id="book")(lambda: None)()
    work = CompensationWork(
        step_id="s",
        step_name="book",
        item_key="",
        round=1,
        participant="trip",
        handler="task:book",
        attempt=1,
        max_attempts=3,
        compensation_key="k",
        idempotency_key="undo-key",
        step_idempotency_key="key",
        output=output or Payload.of({"seat": 7}),
        error="Step fly failed: fog",
    )
    return call_handler(
        work,
        WORKFLOW,
        dag.tasks,
        lambda operator, extra: run_undo_operator(operator, {}, extra),  # type: ignore[typeddict-item]  # none is needed
    )


def _does(name: str, *, then: Callable[[], object] = lambda: None) -> PythonOperator:
    def act() -> object:
        DONE.append(name)
        return then()

    return PythonOperator(task_id=name, python_callable=act)


def _skip(reason: str = "") -> None:
    raise AirflowSkipException(reason)


class AsyncObject:
    """A callable object whose call is async."""

    async def __call__(self, output: object) -> None:
        await asyncio.sleep(0)
        DONE.append(output)


async def _refund(output: object, compensation: CompensationContext) -> None:
    await asyncio.sleep(0)
    DONE.append((output, compensation.idempotency_key))


@pytest.mark.parametrize(
    ("undo", "done"),
    [
        (_refund, ({"seat": 7}, "undo-key")),
        (partial(_refund), ({"seat": 7}, "undo-key")),
        (lambda output, compensation: _refund(output, compensation), ({"seat": 7}, "undo-key")),
        (AsyncObject(), {"seat": 7}),
    ],
)
def test_an_async_undo_is_awaited(undo: Callable[..., object], done: object) -> None:
    assert _undo(undo) is None
    assert [done] == DONE


def test_an_async_undo_is_awaited_inside_of_a_running_loop_too() -> None:
    async def notebook() -> None:
        _undo(_refund)

    asyncio.run(notebook())
    assert DONE == [({"seat": 7}, "undo-key")]


def test_what_an_async_undo_returns_is_looked_at_in_the_same_way() -> None:
    async def undo() -> object:
        return _does("unpack")

    async def unknown() -> object:
        return object()

    assert _undo(undo) is None
    assert DONE == ["unpack"]
    with pytest.raises(InvalidDag, match="does not say whether the undo is done"):
        _undo(unknown)


@pytest.mark.parametrize("many", [list, tuple])
def test_operators_are_run_in_order(many: Callable[[Any], object]) -> None:
    assert _undo(lambda: many([_does("unpack"), _does("restock")])) is None
    assert DONE == ["unpack", "restock"]


def test_the_first_operator_that_fails_ends_the_undo() -> None:
    def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        _undo(lambda: [_does("unpack", then=fails), _does("restock")])
    assert DONE == ["unpack"]


@pytest.mark.parametrize(
    "result",
    [
        *(None, True, 7, 1.5, float("nan"), "text", b"bytes", [], (), {}, {1: 2}),
        {"refund": [{"at": datetime.now(timezone.utc)}, ("a", {1})]},
        Receipt(7),
    ],
)
def test_nothing_and_data_mean_that_the_function_did_it(result: object) -> None:
    assert _undo(lambda: result) is None


@pytest.mark.parametrize(
    ("result", "complaint"),
    [
        (lambda: (number for number in [1]), "a generator, of which nothing was run"),
        (lambda: iter([1]), "an object of type"),
        (lambda: object(), "an object of type builtins.object"),
        (lambda: _refund, "an object of type builtins.function"),
        (lambda: BashOperator, "does not say whether the undo is done"),
        (lambda: [_refund(1, None)], "which nobody awaited"),  # type: ignore[arg-type]  # it never runs
        (lambda: {"later": (number for number in [1])}, "a generator"),
        (lambda: [_does("never"), "text"], "operators mixed with something else"),
        (lambda: [[_does("never")]], "an operator inside another value"),
        (lambda: {"undo": _does("never")}, "an operator inside another value"),
        (lambda: [BashOperator.partial(task_id="undo").expand(bash_command=["a"])], "a task of a DAG"),
        (lambda: durable(_does("never")), "which is a step"),
        (lambda: [_does("never"), durable(_does("never_too"))], "which is a step"),
    ],
)
def test_what_cannot_be_meant_is_a_failed_undo_and_nothing_of_it_runs(
    result: Callable[[], object], complaint: str
) -> None:
    with pytest.raises(InvalidDag, match=complaint):
        _undo(lambda: result())
    assert DONE == []


def test_a_skip_means_that_there_is_nothing_to_undo(tmp_path: Path) -> None:
    assert _undo(lambda: _skip("never sent")) == "never sent"
    assert _undo(lambda: BashOperator(task_id="undo", bash_command="exit 99")) is not None
    assert _undo(lambda: [_does("a", then=_skip), _does("b", then=_skip)]) is not None
    assert _undo(lambda: [_does("c", then=_skip), _does("d")]) is None
    assert DONE == ["a", "b", "c", "d"]


def test_an_operator_that_goes_on_later_is_refused() -> None:
    def reschedule() -> None:
        raise AirflowRescheduleException(datetime.now(timezone.utc))

    def defer() -> None:
        raise TaskDeferred(trigger=None, method_name="later")  # type: ignore[arg-type]  # none is needed

    for then in (reschedule, defer):
        with pytest.raises(InvalidDag, match="cannot run in the relay"):
            _undo(lambda *, act=then: _does("poke", then=act))


def test_a_function_that_defers_is_refused() -> None:
    def defers() -> None:
        raise TaskDeferred(trigger=None, method_name="later")  # type: ignore[arg-type]  # none is needed

    with pytest.raises(InvalidDag, match="a compensation cannot be deferred"):
        _undo(defers)


def test_a_short_circuit_has_acted() -> None:
    assert _undo(lambda: ShortCircuitOperator(task_id="undo", python_callable=lambda: True)) is None


def test_a_failure_for_good_passes_through() -> None:
    def fails() -> None:
        raise AirflowFailException("the account is closed")

    with pytest.raises(AirflowFailException, match="the account is closed"):
        _undo(fails)


def test_an_output_that_cannot_be_read_back_says_what_to_allow() -> None:
    from airflow_wfstate.backends.codec import encode

    with pytest.raises(InvalidDag, match=r"cannot be given to its undo.*allowed_deserialization_classes"):
        _undo(lambda output: DONE.append(output), encode(Receipt(7)))
    assert DONE == []


class Methods:
    """Undos that are methods."""

    def bound(self, output: object, compensation: object) -> None: ...

    @staticmethod
    def static(output: object) -> None: ...

    def __call__(self, output: object, compensation: object) -> None: ...


def _context_second(charge: object, context: CompensationContext) -> None: ...


def _wrapper(*args: object, **kwargs: object) -> None: ...


def _bound(output: object, compensation: object, amount: int) -> None: ...


@pytest.mark.parametrize(
    "function",
    [
        lambda: None,
        lambda output: None,
        lambda charge: None,
        lambda output, compensation: None,
        lambda charge, undo: None,
        lambda *arguments: None,
        lambda output, *rest: None,
        lambda output=None, compensation=None: None,
        lambda charge=None: None,
        lambda output, compensation, third=3: None,
        lambda output, compensation, *, amount=5: None,
        lambda output, compensation, **kwargs: None,
        lambda output, *, item=7: None,
        _context_second,
        _wrapper,
        partial(_bound, amount=5),
        Methods().bound,
        Methods.static,
        Methods(),
        print,
        dict.fromkeys,
        _refund,
        AsyncObject(),
    ],
)
def test_a_function_that_can_be_called_as_an_undo_is_accepted(function: Any) -> None:
    StepOptions(compensate=function)


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (lambda output, compensation, third: None, "takes 3 arguments"),
        (_bound, "takes 3 arguments"),
        (lambda output, *, amount: None, "needs amount by name"),
        (partial(_bound, output=1), "needs compensation by name|needs amount by name"),
        (lambda compensation, output: None, "the output comes first"),
        (lambda compensation: None, "the output comes first"),
        (lambda charge, output: None, "the output comes first"),
        (lambda context: None, "does not get Airflow's context"),
        (lambda ti, output: None, "does not get Airflow's context"),
        (lambda **context: None, r"expects Airflow's context in \*\*context"),
        (lambda **kwargs: None, "expects Airflow's context"),
        (lambda output, **kwargs: None, "expects Airflow's context"),
        (lambda output, compensation, **context: None, "expects Airflow's context"),
        (lambda item=7: None, "would be given the output as item, instead of its default"),
        (lambda output, item=7: None, "would be given the compensation as item"),
        (BashOperator, "is a class"),
        (Receipt, "is a class"),
    ],
)
def test_a_function_that_would_be_given_something_else_than_it_asks_for_is_an_import_error(
    function: Any, complaint: str
) -> None:
    with pytest.raises(InvalidDag, match=complaint):
        StepOptions(compensate=function)


def test_an_undo_with_a_yield_is_an_import_error() -> None:
    def by_and_by(output: object) -> Any:
        yield output

    async def later(output: object) -> Any:
        yield output

    for function in (by_and_by, later, partial(by_and_by), partial(later)):
        with pytest.raises(InvalidDag, match="has a yield"):
            StepOptions(compensate=function)
        with pytest.raises(InvalidDag, match=r"\(output, compensation\)|has a yield"):
            check_undo(function)
