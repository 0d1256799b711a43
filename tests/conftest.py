"""Fixtures of every test room: databases, and an Airflow home of the test session's own."""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

CHECKOUT = Path(__file__).parent.parent

# Tests import `tests.support`, `demo` and `dags` from the checkout, but the package from where the wheel was
# installed: the checkout comes last.
if str(CHECKOUT) not in sys.path:
    sys.path.append(str(CHECKOUT))

# Airflow reads its configuration, and makes its home, when it is first imported.
_home = tempfile.mkdtemp(prefix="wfstate-tests-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
for _name in [name for name in os.environ if name.startswith("AIRFLOW")]:
    del os.environ[_name]
os.environ["AIRFLOW_HOME"] = _home
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

from airflow_wfstate.backends.api import ApiBackend  # noqa: E402
from tests.support.api_server import ApiServer, running_api_server  # noqa: E402
from tests.support.postgres import PostgresServer, migrate, running_server, sqlalchemy_url  # noqa: E402


@event.listens_for(Engine, "connect")
def _do_not_wait_for_the_disk(connection: DBAPIConnection, _: object) -> None:
    """A commit on SQLite waits four milliseconds for it otherwise, and tests make ten thousands of commits."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL server: embedded, or the developer's own (tests/support/postgres.py)."""
    with running_server(tmp_path_factory.mktemp("postgres") / "data") as server:
        yield server


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a PostgreSQL database with Airflow's tables and ours, to be copied; nobody uses it."""
    with postgres_server.database("template") as url:
        migrate(sqlalchemy_url(url), tmp_path_factory.mktemp("home"))
        yield str(make_url(url).database)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with Airflow's tables and ours, to be copied; nobody uses it."""
    home = tmp_path_factory.mktemp("home")
    migrate(f"sqlite:///{home / 'airflow.db'}", home)
    return home / "airflow.db"


@pytest.fixture(scope="session")
def migrated_postgres_url(postgres_server: PostgresServer, migrated_postgres: str) -> Iterator[str]:
    """An SQLAlchemy URL (psycopg2) of a PostgreSQL database with Airflow's tables and ours."""
    with postgres_server.database("migrated", migrated_postgres) as url:
        yield sqlalchemy_url(url)


@pytest.fixture(scope="session")
def migrated_sqlite_url(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An SQLAlchemy URL of an SQLite database with Airflow's tables and ours."""
    copy = shutil.copy(migrated_sqlite, tmp_path_factory.mktemp("sqlite"))
    return f"sqlite:///{copy}"


@pytest.fixture(scope="session")
def api_database_url(postgres_server: PostgresServer, migrated_postgres: str) -> Iterator[str]:
    """As migrated_postgres_url, for the api-server alone, which sweeps it when it likes."""
    with postgres_server.database("api", migrated_postgres) as url:
        yield sqlalchemy_url(url)


@pytest.fixture(scope="session")
def api_server(api_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An api-server of Airflow, with the plugin, on a migrated PostgreSQL database of its own."""
    with running_api_server(api_database_url, tmp_path_factory.mktemp("api-server")) as server:
        yield server


@pytest.fixture
def api_backend(api_server: ApiServer) -> Iterator[ApiBackend]:
    """The api way to the store, as an administrator."""
    backend = api_server.backend()
    yield backend
    backend.close()


CONTRACT_SEED = os.environ.get("WFSTATE_CONTRACT_SEED", "20261126")
"""Chooses which tests of the contract are drawn for the ways that try a sample, and the faults of the network."""


def pytest_report_header() -> str:
    """Tell by which seed the contract's samples are drawn; the environment can give another."""
    return f"contract samples: WFSTATE_CONTRACT_SEED={CONTRACT_SEED}"


class RoomScheduling(LoadScopeScheduling):
    """Each room's tests run in one process, in order."""

    def _split_scope(self, nodeid: str) -> str:
        return _room(nodeid)


_SECOND_LIVE = ("test_retry.py", "test_sagas.py", "test_stuck.py", "test_waits.py", "test_wide.py")
"""Of tests/live: half of its time, in a process with a live Airflow of its own."""

_LONGEST_FIRST = ("live", "second_live", "contract", "docs", "own_airflow", "browser", "store", "cli", "api")
"""Rooms that take minutes: begun last, one of them would go on alone when the other processes have nothing left. A live
Airflow mostly waits, and runs beside all others."""


def _room(nodeid: str) -> str:
    """What runs in one process: a folder of tests, or half of one."""
    path = nodeid.partition("::")[0].split("/")
    return "second_live" if path[1] == "live" and path[-1] in _SECOND_LIVE else path[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest rooms begin first."""
    rank = {room: place for place, room in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(_room(item.nodeid), len(rank)))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> RoomScheduling:
    """Share the tests out by room."""
    return RoomScheduling(config, log)
