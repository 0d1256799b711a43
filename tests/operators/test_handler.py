"""How a compensation handler is found and called, and the classic operators that it may return."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import DAG, task

from airflow_wfstate.domain.messages.compensation import CompensationWork
from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.exceptions import InvalidDag
from airflow_wfstate.operators.relay.handler import call_handler
from airflow_wfstate.operators.relay.undo_operator import run_undo_operator

WORKFLOW = WorkflowRef("01900000-0000-7000-8000-000000000000", "order", "7", 1, "c", WorkflowState.COMPENSATING)
CALLED: list[tuple[object, ...]] = []


def importable(output: object, compensation: Any) -> None:
    CALLED.append((output, compensation.step_name))


def _work(handler: str) -> CompensationWork:
    return CompensationWork(
        step_id="s",
        step_name="book",
        item_key="",
        round=1,
        participant="trip",
        handler=handler,
        attempt=1,
        max_attempts=3,
        compensation_key="k",
        idempotency_key="undo-key",
        step_idempotency_key="key",
        output=Payload.of({"seat": 7}),
        error="Step fly failed: fog",
    )


def _call(compensate: Callable[..., object] | str, handler: str = "task:book") -> list[tuple[Any, dict[str, object]]]:
    """Call the handler that a task ``book`` declares; return the operators that should run."""
    operators: list[tuple[Any, dict[str, object]]] = []
    with DAG("trip", schedule=None) as dag:
        task.step(compensate=compensate, task_id="book")(lambda: None)()
    call_handler(_work(handler), WORKFLOW, dag.tasks, lambda operator, extra: operators.append((operator, extra)))
    return operators


@pytest.mark.parametrize(
    ("handler", "gets"),
    [
        (lambda output, compensation: CALLED.append((output, compensation.step_name)), ({"seat": 7}, "book")),
        (lambda output: CALLED.append((output,)), ({"seat": 7},)),
        (lambda: CALLED.append(()), ()),
        (lambda *arguments: CALLED.append((len(arguments),)), (2,)),
        (lambda output, compensation, *, extra=1: CALLED.append((output, extra)), ({"seat": 7}, 1)),
    ],
)
def test_a_handler_gets_as_much_as_it_takes(handler: Callable[..., object], gets: tuple[object, ...]) -> None:
    CALLED.clear()
    assert _call(handler) == []
    assert [gets] == CALLED


def test_an_operator_that_is_returned_is_run_with_output_and_compensation(tmp_path: Any) -> None:
    file = tmp_path / "undone"
    ((operator, extra),) = _call(
        lambda: BashOperator(
            task_id="undo",
            bash_command=f"echo seat {{{{ output.seat }}}} {{{{ compensation.idempotency_key }}}} > {file}",
        )
    )
    run_undo_operator(operator, {}, extra)  # type: ignore[typeddict-item]  # nothing of the context is needed here
    assert file.read_text() == "seat 7 undo-key\n"


def test_an_operator_that_fails_is_a_failed_undo() -> None:
    ((operator, extra),) = _call(lambda: BashOperator(task_id="undo", bash_command="exit 3"))
    with pytest.raises(Exception, match="non-zero exit code 3"):
        run_undo_operator(operator, {}, extra)  # type: ignore[typeddict-item]  # as above


def test_a_deferrable_operator_is_refused() -> None:
    with pytest.raises(InvalidDag, match="is deferrable and cannot run in the relay"):
        _call(lambda: TimeDeltaSensor(task_id="undo", delta=timedelta(1), deferrable=True))


def test_a_task_of_a_dag_is_refused() -> None:
    with pytest.raises(InvalidDag, match="returned a task of a DAG, which was not run"):
        _call(lambda: BashOperator.partial(task_id="undo").expand(bash_command=["a"]))


def test_what_no_task_declares_is_imported_only_when_the_administrator_allows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handler = f"{__name__}:importable"
    with pytest.raises(InvalidDag, match="handler_modules"):
        _call(lambda: None, handler)
    for allowed in ("other", f"{__name__}x", __name__.rpartition(".")[2] + "."):
        monkeypatch.setenv("AIRFLOW__WFSTATE__HANDLER_MODULES", allowed)
        with pytest.raises(InvalidDag, match="handler_modules"):
            _call(lambda: None, handler)

    CALLED.clear()
    monkeypatch.setenv("AIRFLOW__WFSTATE__HANDLER_MODULES", f"other, {__name__}")
    _call(lambda: None, handler)
    assert CALLED == [({"seat": 7}, "book")]
