"""Many workflows are undone at once: each in its own order, each undo once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.rules.states import WorkflowState
from tests.support.airflow_rows import AirflowRows
from tests.support.saga import Saga
from tests.support.world import World

WORKFLOWS = 50


@pytest.fixture(params=["migrated_sqlite_url", "migrated_postgres_url"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    url = request.getfixturevalue(request.param)
    # Eight threads write at once: on a busy machine SQLite's five seconds are too short for the last one.
    engine = create_engine(url, connect_args={"timeout": 120} if url.startswith("sqlite") else {})
    yield engine
    engine.dispose()


def test_fifty_at_once_are_each_undone_in_order(engine: Engine) -> None:
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    sagas = [Saga.start(world) for _ in range(WORKFLOWS)]
    for saga in sagas:
        saga.done("one", "two", "three")

    with ThreadPoolExecutor(8) as pool:
        undone = list(pool.map(lambda saga: saga.undo(saga.fail()), sagas))

    assert undone == [["three", "two", "one"]] * WORKFLOWS
    for saga in sagas:
        assert saga.detail().summary.state is WorkflowState.COMPENSATED
        told = world.told(saga.workflow_id)
        assert [line for line in told if line.startswith("compensation.done")] == [
            f"compensation.done intake.{name}" for name in ("three", "two", "one")
        ]
