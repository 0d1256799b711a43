"""The ways to the store that the contract holds for: three, and one of them once more over a network that fails."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.credentials import UserToken
from airflow_wfstate.backends.database import DatabaseBackend
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer
from tests.support.faulty_proxy import FaultyProxy, faulty_proxy
from tests.support.world import World

FAULTY = "api-faulty-network"
WAYS = ("database-sqlite", "database-postgresql", "api-postgresql", FAULTY)

_ALL = "WFSTATE_FAULTY_NETWORK"
"""Set it, and the whole contract is tried over the network that fails: ``make faulty-network``."""

_SAMPLE = 30
_SEED = "WFSTATE_NETWORK_SEED"


def _seed() -> str:
    """The same in each process of a test run."""
    return os.environ.get(_SEED) or os.environ.get("PYTEST_XDIST_TESTRUNUID", "alone")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave a sample of the tests over the network that fails, unless all of them are wanted."""
    faulty = [item for item in items if f"[{FAULTY}" in item.name]
    if os.environ.get(_ALL) or len(faulty) <= _SAMPLE:
        return
    kept = set(random.Random(_seed()).sample(faulty, _SAMPLE))  # noqa: S311 - no secret
    left_out = [item for item in faulty if item not in kept]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


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


@pytest.fixture(scope="session")
def faulty_network(api_server: ApiServer) -> Iterator[FaultyProxy]:
    print(f"The network's faults are chosen by {_SEED}={_seed()}")
    with faulty_proxy(api_server.url, _seed()) as proxy:
        yield proxy
    print(f"The network's faults: {dict(proxy.met)}")


@pytest.fixture
def faulty_backend(faulty_network: FaultyProxy) -> Iterator[ApiBackend]:
    credentials = UserToken(faulty_network.url, "admin", "admin")
    backend = ApiBackend(faulty_network.url, credentials, configured_by="the test")
    yield backend
    backend.close()


@pytest.fixture(params=WAYS)
def world(request: pytest.FixtureRequest) -> World:
    """A store reached by one of the ways."""
    if request.param == "database-sqlite":
        engine: Engine = request.getfixturevalue("sqlite_engine")
        return World(DatabaseBackend(engine), AirflowRows(engine))
    if request.param == "database-postgresql":
        engine = request.getfixturevalue("postgres_engine")
        return World(DatabaseBackend(engine), AirflowRows(engine))
    engine = request.getfixturevalue("api_engine")
    backend = request.getfixturevalue("faulty_backend" if request.param == FAULTY else "api_backend")
    return World(backend, AirflowRows(engine))
