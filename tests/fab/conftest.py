"""An api-server of Airflow with the FAB auth manager: ``make fab`` (only its virtualenv has the provider)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.fab import accounts
from tests.support.api_server import JWT_SECRET, ApiServer, running_api_server
from tests.support.postgres import PostgresServer, migrate, sqlalchemy_url

_SETTINGS = {
    "AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
    "AIRFLOW__FAB__AUTH_ROLE_PUBLIC": "Viewer",  # Airflow itself is open to anonymous users
}

if find_spec("airflow.providers.fab") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def fab_server(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An api-server with a user of each role in :mod:`tests.fab.accounts`."""
    with postgres_server.database("fab") as url:
        home = tmp_path_factory.mktemp("fab-home")
        migrate(sqlalchemy_url(url), home)
        _make_accounts(sqlalchemy_url(url), home)
        with running_api_server(sqlalchemy_url(url), tmp_path_factory.mktemp("fab-server"), _SETTINGS) as server:
            yield server


def _make_accounts(database_url: str, home: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    made = subprocess.run(
        [sys.executable, str(Path(accounts.__file__))],
        cwd=home,  # so that this imports the installed wheel, not the checkout
        env={
            **inherited,
            **_SETTINGS,
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database_url,
            "AIRFLOW__API__SECRET_KEY": JWT_SECRET,
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if made.returncode != 0:
        pytest.fail(f"The users were not made:\n{made.stdout[-2000:]}\n{made.stderr[-4000:]}")
