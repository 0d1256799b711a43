"""StartWorkflowOperator when a definition is applied to its name."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.definition import ApplyDefinition
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.operators.start_workflow import StartWorkflowOperator
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World


@pytest.fixture
def world(migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    engine = create_engine(migrated_sqlite_url)
    backend = DatabaseBackend(engine)
    monkeypatch.setattr(
        "airflow_wfstate.operators.start_workflow.WorkflowStateHook",
        lambda _conn_id: SimpleNamespace(get_conn=lambda: backend),
    )
    yield World(backend, AirflowRows(engine))
    engine.dispose()


def _execute(world: World, name: str, **options: Any) -> dict[str, Any]:
    """Run the operator in its own run; return what it returns."""
    operator = StartWorkflowOperator(task_id="start", name=name, key="a", input={}, **options)
    task_instance_id = world.rows.running_task("intake", "start")
    context: Any = {"ti": SimpleNamespace(id=uuid.UUID(task_instance_id), xcom_push=lambda key, value: None)}
    return operator.execute(context)


def test_an_operator_with_a_name_and_a_key_alone_takes_the_rest_from_the_definition(world: World) -> None:
    name = world.unique("order")
    text = f"name: {name}\nplan: [reserve, charge]\non_failure: hold\non_skip: complete\nredact: [card]"
    world.backend.apply_definition(ApplyDefinition(name, text))

    started = _execute(world, name)

    detail = world.backend.get_workflow(started["workflow_id"])
    assert (detail.plan, detail.summary.on_failure) == (["reserve", "charge"], FailurePolicy.HOLD)
    assert (detail.definition_number, detail.definition_in_force) == (1, 1)


@pytest.mark.parametrize("options", [{"on_failure": "compensate"}, {"plan": ["charge"]}, {"on_deadline": "flag"}])
def test_a_contradiction_fails_the_task_for_good_and_names_both(world: World, options: dict[str, Any]) -> None:
    name = world.unique("order")
    text = f"name: {name}\nplan: [reserve]\non_failure: hold\non_deadline: fail"
    world.backend.apply_definition(ApplyDefinition(name, text))

    with pytest.raises(
        AirflowFailException, match=f"contradicts version 1 of the definition of {name}.* but .* in the definition"
    ):
        _execute(world, name, **options)

    assert world.backend.list_workflows(WorkflowQuery(name=name)).workflows == []


def test_without_a_definition_the_defaults_are_what_they_were(world: World) -> None:
    started = _execute(world, world.unique("order"))
    detail = world.backend.get_workflow(started["workflow_id"])
    assert (detail.plan, detail.summary.on_failure) == ([], FailurePolicy.COMPENSATE)
    assert (detail.definition_number, detail.definition_in_force) == (None, None)
