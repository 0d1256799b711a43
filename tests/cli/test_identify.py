"""Which workflow ``name/key`` means when names and keys contain slashes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.cli.identify import workflow_id
from airflow_wfstate.exceptions import InvalidRequest, WorkflowNotFound
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World


@pytest.fixture
def world(migrated_sqlite_url: str) -> Iterator[World]:
    engine = create_engine(migrated_sqlite_url)
    yield World(DatabaseBackend(engine), AirflowRows(engine))
    engine.dispose()


@pytest.mark.parametrize("key", ["7", "eu/7", "/7", "7/"])
def test_the_name_ends_at_the_slash_for_which_there_is_a_workflow(world: World, key: str) -> None:
    name = f"shop/orders/{world.unique('x')}"
    wanted = world.start(name=name, key=key).workflow.id

    assert workflow_id(f"{name}/{key}", world.backend) == wanted
    assert workflow_id(wanted, world.backend) == wanted


def test_what_may_be_either_is_refused_with_the_ids(world: World) -> None:
    stem = world.unique("shop")
    first = world.start(name=stem, key="orders/7").workflow.id
    second = world.start(name=f"{stem}/orders", key="7").workflow.id

    with pytest.raises(InvalidRequest, match="matches several workflows") as refused:
        workflow_id(f"{stem}/orders/7", world.backend)
    assert first in str(refused.value)
    assert second in str(refused.value)
    assert refused.value.remedy == "Use the id of the one you mean."


@pytest.mark.parametrize("text", ["order/none", "a/b/c", "/", "x", "/x", "x/", "", "a" * 40 + "/" * 2000 + "b"])
def test_what_is_not_there_is_named_with_the_remedy(world: World, text: str) -> None:
    with pytest.raises(WorkflowNotFound, match="airflow wfstate list"):
        workflow_id(text, world.backend)
