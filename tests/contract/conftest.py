"""The three ways to the store that the contract holds for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World

WAYS = ("database-sqlite", "database-postgresql", "api-postgresql")


@pytest.fixture(scope="session")
def sqlite_engine(migrated_sqlite_url: str) -> Iterator[Engine]:
    engine = create_engine(migrated_sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_engine(migrated_postgres_url: str) -> Iterator[Engine]:
    engine = create_engine(migrated_postgres_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def api_engine(api_database_url: str) -> Iterator[Engine]:
    engine = create_engine(api_database_url)
    yield engine
    engine.dispose()


@pytest.fixture(params=WAYS)
def world(request: pytest.FixtureRequest) -> World:
    """A store reached by one of the three ways."""
    if request.param == "database-sqlite":
        engine: Engine = request.getfixturevalue("sqlite_engine")
        return World(DatabaseBackend(engine), AirflowRows(engine))
    if request.param == "database-postgresql":
        engine = request.getfixturevalue("postgres_engine")
        return World(DatabaseBackend(engine), AirflowRows(engine))
    engine = request.getfixturevalue("api_engine")
    return World(request.getfixturevalue("api_backend"), AirflowRows(engine))
