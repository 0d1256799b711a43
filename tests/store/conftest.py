"""The store on both databases, with an Airflow beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.store.database.clock import give_clock
from tests.support.airflow_rows import AirflowRows
from tests.support.postgres import PostgresServer, sqlalchemy_url
from tests.support.world import World


# Each file has databases of its own: a sweep looks at every open workflow, those that other files have left included.
@pytest.fixture(scope="module")
def migrated_postgres_url(postgres_server: PostgresServer, migrated_postgres: str) -> Iterator[str]:
    with postgres_server.database("store", migrated_postgres) as url:
        yield sqlalchemy_url(url)


@pytest.fixture(scope="module")
def migrated_sqlite_url(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    copy = shutil.copy(migrated_sqlite, tmp_path_factory.mktemp("sqlite"))
    return f"sqlite:///{copy}"


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
