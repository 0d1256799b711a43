"""Lists for users who may read only some DAGs."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, delete, update

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.reading.lists import text_search
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World

_READERS = [({"intake"}, False), (set(), True), ({"intake"}, True), (set(), False)]


@pytest.mark.parametrize(("dag_ids", "dagless"), _READERS)
def test_workflows_without_a_dag_are_there_for_those_who_may_see_them(
    engine: Engine, dag_ids: set[str], dagless: bool
) -> None:
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    name = world.unique("name")
    world.start(name=name, key="of a DAG")
    world.start(name=name, key="of another DAG", dag_id="billing")
    outside = world.start(name=name, key="of a service").workflow.id
    # No version starts such a workflow yet.
    with engine.begin() as connection:
        connection.execute(delete(schema.run).where(schema.run.c.workflow_id == outside))
        connection.execute(update(schema.workflow).where(schema.workflow.c.id == outside).values(has_dag=False))

    query = WorkflowQuery(name=name, readable_dag_ids=frozenset(dag_ids), includes_dagless=dagless)
    found = {workflow.key for workflow in world.backend.list_workflows(query).workflows}

    assert found == ({"of a DAG"} if dag_ids else set()) | ({"of a service"} if dagless else set())
    assert world.backend.read_stats(query).total == len(found)
    with engine.begin() as connection:
        connection.execute(update(schema.workflow).where(schema.workflow.c.id == outside).values(has_dag=True))


def test_a_text_that_very_many_have_is_found_as_one_that_few_have(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    name = world.unique("name")
    world.start(name=name, key="order-1")
    world.start(name=name, key="2", labels={"kind": "ORDERED"})
    world.start(name=name, key="3")
    query = WorkflowQuery(name=name, contains="order", with_total=True)

    few = world.backend.list_workflows(query)
    monkeypatch.setattr(text_search, "_FEW", 1)

    assert [workflow.key for workflow in few.workflows] == ["2", "order-1"]
    assert world.backend.list_workflows(query) == few
