"""The order by last progress: correct whatever the workflows do, from an index that costs the hot path nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, column, insert, select, table, text

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery, WorkflowSort
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.database import schema
from tests.support.world import World

_workflow = schema.workflow


def test_ended_and_running_ones_stand_in_one_order_page_by_page(world: World) -> None:
    name = world.unique("name")
    runs = {key: world.rows.add_run("intake") for key in "abcdef"}
    ids = {key: world.start(run_id, name=name, key=key).workflow.id for key, run_id in runs.items()}
    late = world.begin(runs["a"], "work")[1]
    for key in "bad":
        world.backend.cancel_workflow(CancelWorkflow(ids[key]))
    world.begin(runs["c"], "work")
    world.succeed(late)  # an attempt reports although its workflow was cancelled

    for sort, expected in ((WorkflowSort.LAST_CHANGED, "acdbfe"), (WorkflowSort.FIRST_CHANGED, "efbdca")):
        query = WorkflowQuery(name=name, sort=sort, limit=2)
        pages = [world.backend.list_workflows(query)]
        while (cursor := pages[-1].next_cursor) is not None:
            pages.append(world.backend.list_workflows(replace(query, cursor=cursor)))
        found = [workflow for page in pages for workflow in page.workflows]
        assert "".join(workflow.key for workflow in found) == expected
        moments = [workflow.updated_at for workflow in found]
        assert moments == sorted(moments, reverse=sort is WorkflowSort.LAST_CHANGED)
    only = WorkflowQuery(name=name, sort=WorkflowSort.LAST_CHANGED, states=[WorkflowState.CANCELLED])
    assert [workflow.key for workflow in world.backend.list_workflows(only).workflows] == ["a", "d", "b"]


def test_what_is_settled_is_kept_by_the_database(world: World, engine: Engine) -> None:
    ids = [world.start().workflow.id for _ in range(2)]
    world.backend.cancel_workflow(CancelWorkflow(ids[0]))

    with engine.connect() as connection:
        rows = {
            row.id: row
            for row in connection.execute(
                select(_workflow.c.id, _workflow.c.updated_at, _workflow.c.settled_at).where(_workflow.c.id.in_(ids))
            )
        }
    assert rows[ids[0]].settled_at == rows[ids[0]].updated_at
    assert rows[ids[1]].settled_at is None


@pytest.mark.parametrize("engine", ["migrated_postgres_url"], indirect=True)
def test_the_updates_of_the_hot_path_stay_hot(world: World, engine: Engine) -> None:
    """PostgreSQL's own count of the updates that touched no index, in the transaction that made them.

    On a copy of the table with its indexes, one row, and pages that have room: what else is stored decides nothing.
    """
    workflow_id = world.start().workflow.id
    update = text(
        "UPDATE of_one SET version = version + 1, journal_count = journal_count + 1, updated_at = clock_timestamp()"
    )
    counts = text(
        "SELECT pg_stat_get_xact_tuples_updated(t), pg_stat_get_xact_tuples_hot_updated(t) "
        "FROM (SELECT 'of_one'::regclass::oid AS t) x"
    )

    with engine.begin() as connection:
        connection.execute(text("CREATE TEMPORARY TABLE of_one (LIKE wfstate_workflow INCLUDING ALL) ON COMMIT DROP"))
        names = [kept.name for kept in _workflow.columns if kept.computed is None]
        row = select(*(_workflow.c[name] for name in names)).where(_workflow.c.id == workflow_id)
        connection.execute(insert(table("of_one", *map(column, names))).from_select(names, row))
        for _ in range(5):
            connection.execute(update)
        assert tuple(connection.execute(counts).one()) == (5, 5)
