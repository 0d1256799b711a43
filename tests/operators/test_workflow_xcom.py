"""The XCom ``wfstate`` of a step: one more request to the api-server, made only for those who want it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from airflow_wfstate import conf
from airflow_wfstate.operators.steps.declaration.options import StepOptions
from airflow_wfstate.operators.steps.execution import StepExecution
from tests.support.world import World


@pytest.fixture(autouse=True)
def _read_anew() -> Iterator[None]:
    """The option is read once per process."""
    conf.step_xcom.cache_clear()
    yield
    conf.step_xcom.cache_clear()


def _pushed_by_a_step(world: World, run_id: str) -> dict[str, Any]:
    pushed: dict[str, Any] = {}
    task = uuid.UUID(world.rows.add_task("intake", run_id, "pack"))
    context: Any = {
        "ti": SimpleNamespace(id=task, map_index=-1, xcom_push=lambda key, value: pushed.update({key: value}))
    }
    with DAG("intake"):
        operator = EmptyOperator(task_id="pack")
    assert StepExecution(operator, StepOptions(), context).execute(lambda _attempt: "done") == "done"
    return pushed


def test_a_step_pushes_nothing(world: World) -> None:
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    assert _pushed_by_a_step(world, run_id) == {}


def test_it_names_its_workflow_where_that_is_asked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__WFSTATE__STEP_XCOM", "True")
    run_id = world.rows.add_run("intake")
    workflow = world.start(run_id).workflow
    assert _pushed_by_a_step(world, run_id) == {
        "wfstate": {
            "workflow_id": workflow.id,
            "name": workflow.name,
            "key": workflow.key,
            "correlation_id": workflow.correlation_id,
            "step": "pack",
            "item_key": "",
            "decision": "run",
            "attempt": 1,
            "round": 1,
        }
    }
