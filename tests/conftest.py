"""Fixtures that all tests share: databases, and an Airflow home for the test session."""

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

# Tests import `tests.support`, `demo` and `dags` from the checkout, but the package from the installed wheel, so the
# checkout comes last.
if str(CHECKOUT) not in sys.path:
    sys.path.append(str(CHECKOUT))

# Airflow reads its configuration and creates its home when it is first imported.
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
    """Skip the sync on SQLite: it takes four milliseconds per commit, and the tests make tens of thousands."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL server: embedded, or the developer's own (tests/support/postgres.py)."""
    with running_server(tmp_path_factory.mktemp("postgres") / "data") as server:
        yield server


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a PostgreSQL database with Airflow's tables and ours. It is only copied, never used."""
    with postgres_server.database("template") as url:
        migrate(sqlalchemy_url(url), tmp_path_factory.mktemp("home"))
        yield str(make_url(url).database)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with Airflow's tables and ours. It is only copied, never used."""
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
    """Like migrated_postgres_url, but only for the api-server, which sweeps it at any time."""
    with postgres_server.database("api", migrated_postgres) as url:
        yield sqlalchemy_url(url)


@pytest.fixture(scope="session")
def api_server(api_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An Airflow api-server with the plugin, on its own migrated PostgreSQL database."""
    with running_api_server(api_database_url, tmp_path_factory.mktemp("api-server")) as server:
        yield server


@pytest.fixture
def api_backend(api_server: ApiServer) -> Iterator[ApiBackend]:
    """The api backend, as an administrator."""
    backend = api_server.backend()
    yield backend
    backend.close()


CONTRACT_SEED = os.environ.get("WFSTATE_CONTRACT_SEED", "20261126")
"""The seed for the contract tests that are sampled for some backends, and for the network's faults."""


def pytest_report_header() -> str:
    """Print the seed of the contract's samples, which the environment can override."""
    return f"contract samples: WFSTATE_CONTRACT_SEED={CONTRACT_SEED}"


class FolderScheduling(LoadScopeScheduling):
    """Runs the tests of a folder in one process, in order."""

    def _split_scope(self, nodeid: str) -> str:
        return _folder(nodeid)


_SECOND_LIVE = ("test_retry.py", "test_sagas.py", "test_stuck.py", "test_waits.py", "test_wide.py")
"""Files of tests/live that take half of its time. They run in a second process, with a second live Airflow."""

_LONGEST_FIRST = ("live", "second_live", "contract", "docs", "own_airflow", "browser", "store", "cli", "api")
"""Folders that take minutes. If one of them started last, it would still run when the other processes have finished.
A live Airflow mostly waits, so it runs beside all others."""


def _folder(nodeid: str) -> str:
    """The unit that runs in one process: a folder of tests, or half of one."""
    path = nodeid.partition("::")[0].split("/")
    return "second_live" if path[1] == "live" and path[-1] in _SECOND_LIVE else path[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest folders first."""
    rank = {folder: place for place, folder in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(_folder(item.nodeid), len(rank)))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FolderScheduling:
    """Distribute the tests by folder."""
    return FolderScheduling(config, log)
