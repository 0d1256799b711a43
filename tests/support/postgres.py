"""The PostgreSQL server of the tests, and migrated databases.

The server is embedded, or a developer's own: set ``WFSTATE_TEST_POSTGRES_URL`` to a libpq URL with a role that may
create databases.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from demo.postgres import EmbeddedPostgres

SERVER_VARIABLE = "WFSTATE_TEST_POSTGRES_URL"


class PostgresServer:
    """A server on which tests create databases.

    :param admin_url: a libpq URL with a role that may create databases.
    """

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url

    @contextmanager
    def database(self, label: str, template: str = "template1") -> Iterator[str]:
        """Create a database, yield its libpq URL, and drop it afterwards.

        :param template: the database to copy, to which nobody is connected. By default the new one is empty.
        """
        name = f"wfstate_test_{label}_{uuid.uuid4().hex[:8]}"
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, template)
        try:
            url = make_url(self.admin_url).set(database=name)
            yield url.render_as_string(hide_password=False)
        finally:
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def _execute(self, statement: str, *databases: str) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, databases)))


def sqlalchemy_url(libpq_url: str, driver: str = "psycopg2") -> str:
    """The SQLAlchemy URL of the same database."""
    return make_url(libpq_url).set(drivername=f"postgresql+{driver}").render_as_string(hide_password=False)


@contextmanager
def running_server(folder: Path) -> Iterator[PostgresServer]:
    """The developer's server if there is one, otherwise an embedded one with its data in ``folder``."""
    if url := os.environ.get(SERVER_VARIABLE):
        yield PostgresServer(url)
        return
    with EmbeddedPostgres(folder) as embedded:
        _do_not_wait_for_the_disk(embedded.url())
        yield PostgresServer(embedded.url())


def _do_not_wait_for_the_disk(admin_url: str) -> None:
    """Turn off the sync: only a crash of the machine could then lose a commit; a killed server loses none."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")


def migrate(url: str, home: Path) -> None:
    """Run ``airflow db migrate`` on a database: Airflow's tables and ours.

    :param url: SQLAlchemy URL of the database.
    :param home: the Airflow home to use.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    migrated = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        cwd=home,  # so that it imports the installed wheel, not the checkout
        env={
            **inherited,
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
            # Found automatically if the wheel is installed; set for those who test the checkout on PYTHONPATH.
            "AIRFLOW__DATABASE__EXTERNAL_DB_MANAGERS": "airflow_wfstate.store.db_manager.WorkflowStateDBManager",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if migrated.returncode != 0:
        pytest.fail(f"airflow db migrate failed:\n{migrated.stdout[-2000:]}\n{migrated.stderr[-4000:]}")
