"""The backends that the contract tests run on.

There are three, and some run again under other conditions: with every payload encrypted and in a file, over a network
that fails, and through PgBouncer, which gives each transaction another session.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.credentials import UserToken
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.store.database.stored_function_call import DRIVERS
from tests.conftest import CONTRACT_SEED
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer, running_api_server
from tests.support.faulty_proxy import FaultyProxy, faulty_proxy
from tests.support.payload_options import new_key, payload_options
from tests.support.pgbouncer import PROGRAM, running_pgbouncer
from tests.support.postgres import PostgresServer, sqlalchemy_url
from tests.support.world import World

FAULTY = "api-faulty-network"
SEALED = "database-sqlite-sealed"
POOLED = {"pgbouncer-psycopg2": "psycopg2", "pgbouncer-psycopg3": "psycopg"}
API_POOLED = "api-pgbouncer"
WAYS = ("database-sqlite", SEALED, "database-postgresql", "api-postgresql", FAULTY, *POOLED, API_POOLED)

FIRST_ANSWER = "first_answer"
"""The marker of a test that asserts an answer which a repeated request does not get."""

_WHOLE = "WFSTATE_WHOLE_CONTRACT"
"""If set, the whole contract runs on every backend, as in ``make faulty-network`` and ``make pgbouncer``."""

_INLINE_BYTES = 16
"""The inline limit of the backend with files; most payloads of the tests are larger."""

_SAMPLES = {FAULTY: 30, SEALED: 80, **dict.fromkeys(POOLED, 40), API_POOLED: 0}
"""How many tests are sampled for a backend that runs under other conditions. Zero for the one that needs another
server."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep only a sample of the tests of some backends, unless all of them are wanted.

    A test that asserts the first answer to a request does not run where requests are repeated: an event that was
    already received is a duplicate, as it should be.
    """
    if PROGRAM is None:
        for item in items:
            if "[pgbouncer-" in item.name or f"[{API_POOLED}" in item.name:
                item.add_marker(pytest.mark.skip("PgBouncer is not installed (Debian: apt-get install pgbouncer)."))
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


# Each file has databases of its own: a sweep looks at every open workflow, those that other files have left included.
@pytest.fixture(scope="module")
def sqlite_engine(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    copy = shutil.copy(migrated_sqlite, tmp_path_factory.mktemp("sqlite"))
    engine = create_engine(f"sqlite:///{copy}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def postgres_engine(postgres_server: PostgresServer, migrated_postgres: str) -> Iterator[Engine]:
    with postgres_server.database("contract", migrated_postgres) as url:
        engine = create_engine(sqlalchemy_url(url))
        yield engine
        engine.dispose()


@pytest.fixture(scope="session")
def unpooled_engine(migrated_postgres_url: str) -> Iterator[Engine]:
    """The database of ``pooled_engines``, without PgBouncer."""
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
    """The database of ``sqlite_engine``; new payloads are encrypted, and go to files unless they are tiny."""
    folder = tmp_path_factory.getbasetemp() / "payloads"
    with payload_options(folder=folder, inline_bytes=_INLINE_BYTES, keys=[sealing_key]):
        yield sqlite_engine


@pytest.fixture(scope="session")
def pooled_engines(migrated_postgres_url: str) -> Iterator[dict[str, Engine]]:
    """Engines by driver, each through its own PgBouncer."""
    with ExitStack() as stack:
        engines = {}
        for driver in DRIVERS:
            engines[driver] = create_engine(stack.enter_context(running_pgbouncer(migrated_postgres_url, driver)))
            stack.callback(engines[driver].dispose)
        yield engines


@pytest.fixture(scope="session")
def pooled_api(api_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiBackend]:
    """An api-server that reaches its database through PgBouncer."""
    with (
        running_pgbouncer(api_database_url, "psycopg2") as url,
        running_api_server(url, tmp_path_factory.mktemp("pooled-api")) as server,
        closing(server.backend()) as backend,
    ):
        yield backend


@pytest.fixture(params=WAYS)
def world(request: pytest.FixtureRequest) -> World:
    """A store behind one of the backends."""
    if request.param in ("database-sqlite", SEALED):
        engine: Engine = request.getfixturevalue("sealed_engine" if request.param == SEALED else "sqlite_engine")
        return World(DatabaseBackend(engine), AirflowRows(engine))
    if request.param == "database-postgresql":
        engine = request.getfixturevalue("postgres_engine")
        return World(DatabaseBackend(engine), AirflowRows(engine))
    if request.param in POOLED:
        engine = request.getfixturevalue("pooled_engines")[POOLED[request.param]]
        return World(DatabaseBackend(engine), AirflowRows(request.getfixturevalue("unpooled_engine")))
    engine = request.getfixturevalue("api_engine")
    backend = request.getfixturevalue(
        {FAULTY: "faulty_backend", API_POOLED: "pooled_api"}.get(request.param, "api_backend")
    )
    return World(backend, AirflowRows(engine))
