"""The statistics of a name read a bounded number of workflows and steps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import create_engine, update

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.reading.lists import name_stats
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World


def test_the_newest_are_counted_and_it_says_since_when(
    migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = create_engine(migrated_sqlite_url)
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    name = world.unique("name")
    runs = [world.rows.add_run("intake") for _ in range(4)]
    ids = [world.start(run_id, name=name).workflow.id for run_id in runs]
    started = []
    for hours, (workflow_id, run_id) in enumerate(zip(ids, runs, strict=True)):
        world.step_done(run_id, "pay")
        with engine.begin() as connection:
            its = schema.workflow.c.id == workflow_id
            at = connection.execute(schema.workflow.select().where(its)).one().started_at - timedelta(hours=hours)
            connection.execute(update(schema.workflow).where(its).values(started_at=at))
            started.append(at)
    monkeypatch.setattr(name_stats, "MAX_COUNTED", 3)
    monkeypatch.setattr(name_stats, "MAX_ATTEMPTS_READ", 2)

    stats = world.backend.read_name_stats(WorkflowQuery(name=name))

    assert (stats.workflows, stats.counted_since) == (3, started[2])
    assert sum(sum(bucket.by_state.values()) for bucket in stats.buckets) == 3
    assert stats.steps_cut
    assert sum(step.seconds.count for step in stats.steps) <= 3
    engine.dispose()
