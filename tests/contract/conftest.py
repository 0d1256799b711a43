"""The ways to the store that the contract holds for.

Three, and two of them once more: one with every payload encrypted and in a file, one over a network that fails.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.credentials import UserToken
from airflow_wfstate.backends.database import DatabaseBackend
from tests.conftest import CONTRACT_SEED
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer
from tests.support.faulty_proxy import FaultyProxy, faulty_proxy
from tests.support.payload_options import new_key, payload_options
from tests.support.world import World

FAULTY = "api-faulty-network"
SEALED = "database-sqlite-sealed"
WAYS = ("database-sqlite", SEALED, "database-postgresql", "api-postgresql", FAULTY)

FIRST_ANSWER = "first_answer"
"""The marker of a test that asserts an answer which a repetition of its request does not get."""

_WHOLE = "WFSTATE_WHOLE_CONTRACT"
"""Set it, and the whole contract is tried on every way: ``make faulty-network`` does."""

_INLINE_BYTES = 16
"""Of the way with files: most payloads of the tests are larger."""

_SAMPLES = {FAULTY: 30, SEALED: 80}
"""How many tests are drawn for a way that is one of the others once more."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave a sample of the tests of some ways, unless all of them are wanted.

    What asserts the first answer to a request is not tried where requests are repeated: an event that was received
    already is a duplicate, as it should be.
    """
    first = [item for item in items if item.get_closest_marker(FIRST_ANSWER) and f"[{FAULTY}" in item.name]
    config.hook.pytest_deselected(items=first)
    items[:] = [item for item in items if item not in first]
    if os.environ.get(_WHOLE):
        return
    left_out: set[pytest.Item] = set()
    for way, size in _SAMPLES.items():
        of_way = [item for item in items if f"[{way}" in item.name]
        kept = random.Random(CONTRACT_SEED).sample(of_way, min(size, len(of_way)))  # noqa: S311 - no secret
        left_out |= set(of_way) - set(kept)
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


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
    with faulty_proxy(api_server.url, CONTRACT_SEED) as proxy:
        yield proxy
    print(f"The network's faults: {dict(proxy.met)}")


@pytest.fixture
def faulty_backend(faulty_network: FaultyProxy) -> Iterator[ApiBackend]:
    credentials = UserToken(faulty_network.url, "admin", "admin")
    backend = ApiBackend(faulty_network.url, credentials, configured_by="the test")
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def sealing_key() -> str:
    return new_key()


@pytest.fixture
def sealed_engine(
    sqlite_engine: Engine, sealing_key: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """The database of ``sqlite_engine``; what is written now is encrypted, and in files where it is not tiny."""
    folder = tmp_path_factory.getbasetemp() / "payloads"
    with payload_options(folder=folder, inline_bytes=_INLINE_BYTES, keys=[sealing_key]):
        yield sqlite_engine


@pytest.fixture(params=WAYS)
def world(request: pytest.FixtureRequest) -> World:
    """A store reached by one of the ways."""
    if request.param in ("database-sqlite", SEALED):
        engine: Engine = request.getfixturevalue("sealed_engine" if request.param == SEALED else "sqlite_engine")
        return World(DatabaseBackend(engine), AirflowRows(engine))
    if request.param == "database-postgresql":
        engine = request.getfixturevalue("postgres_engine")
        return World(DatabaseBackend(engine), AirflowRows(engine))
    engine = request.getfixturevalue("api_engine")
    backend = request.getfixturevalue("faulty_backend" if request.param == FAULTY else "api_backend")
    return World(backend, AirflowRows(engine))
