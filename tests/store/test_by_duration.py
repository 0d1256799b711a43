"""The order by duration: correct page by page while some workflows run, and read from an index where there is one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import Engine, literal, select, text, update

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery, WorkflowSort
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.reading.lists import by_duration
from tests.support.world import World

_workflow = schema.workflow
_DAY = timedelta(days=1)


def _tell(world: World, name: str, key: str, *, started: timedelta, worked: timedelta | None) -> None:
    """Start a workflow with this start and this duration, both as time ago; None for one that is still running."""
    workflow_id = world.start(name=name, key=key).workflow.id
    if worked is not None:
        world.backend.cancel_workflow(CancelWorkflow(workflow_id))
    with world.rows.engine.begin() as connection:
        now = connection.execute(select(_workflow.c.started_at).where(_workflow.c.id == workflow_id)).scalar_one()
        times = {"started_at": now - started}
        if worked is not None:
            times["forward_ended_at"] = now - started + worked
        connection.execute(update(_workflow).where(_workflow.c.id == workflow_id).values(**times))


def _pages(world: World, query: WorkflowQuery) -> str:
    page = world.backend.list_workflows(query)
    keys = "".join(workflow.key for workflow in page.workflows)
    return keys if page.next_cursor is None else keys + _pages(world, replace(query, cursor=page.next_cursor))


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_what_runs_and_what_has_ended_stand_in_one_order(world: World, limit: int) -> None:
    name = world.unique("name")
    _tell(world, name, "c", started=9 * _DAY, worked=2 * _DAY)
    _tell(world, name, "a", started=5 * _DAY, worked=None)
    _tell(world, name, "e", started=7 * _DAY, worked=timedelta(seconds=3))
    _tell(world, name, "d", started=1 * _DAY, worked=None)
    _tell(world, name, "b", started=4 * _DAY, worked=4 * _DAY)
    _tell(world, name, "f", started=8 * _DAY, worked=timedelta(seconds=3) - timedelta(milliseconds=2))

    query = WorkflowQuery(name=name, limit=limit)
    assert _pages(world, replace(query, sort=WorkflowSort.LONGEST)) == "abcdef"
    assert _pages(world, replace(query, sort=WorkflowSort.SHORTEST)) == "fedcba"


def test_one_that_grows_past_its_place_is_neither_repeated_nor_left_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = world.unique("name")
    _tell(world, name, "c", started=_DAY, worked=None)
    _tell(world, name, "b", started=9 * _DAY, worked=_DAY + timedelta(hours=1))
    _tell(world, name, "a", started=9 * _DAY, worked=2 * _DAY)
    query = WorkflowQuery(name=name, limit=2, sort=WorkflowSort.LONGEST)
    first = world.backend.list_workflows(query)
    assert [workflow.key for workflow in first.workflows] == ["a", "b"]

    later = datetime.now(timezone.utc) + timedelta(hours=2)
    monkeypatch.setattr(by_duration, "database_now", lambda: literal(later, UtcDateTime()))

    second = world.backend.list_workflows(replace(query, cursor=first.next_cursor))
    assert [workflow.key for workflow in second.workflows] == ["c"]
    assert _pages(world, query) == "acb"


@pytest.mark.parametrize("engine", ["migrated_postgres_url"], indirect=True)
def test_an_index_is_in_the_order(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        connection.execute(text("SET LOCAL enable_sort = off"))
        plan = connection.execute(
            text(
                "EXPLAIN SELECT id FROM wfstate_workflow WHERE forward_ended_at IS NOT NULL "
                "ORDER BY forward_ended_at - started_at DESC, id DESC LIMIT 51"
            )
        ).scalars()
        assert "wfstate_workflow_worked" in "\n".join(plan)
