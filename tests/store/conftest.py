"""The store on both databases, with an Airflow beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, event

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.store.database.clock import give_clock
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World


@pytest.fixture(params=["migrated_sqlite_url", "migrated_postgres_url"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A migrated SQLite database, and a PostgreSQL one."""
    engine = create_engine(request.getfixturevalue(request.param))
    # Tests in this folder call parts of the store on their own connections.
    event.listen(engine, "engine_connect", give_clock)
    yield engine
    engine.dispose()


@pytest.fixture
def world(engine: Engine) -> World:
    """The database backend."""
    return World(DatabaseBackend(engine), AirflowRows(engine))
