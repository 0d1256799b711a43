"""An api-server on the embedded PostgreSQL, and ways to call it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import Engine, create_engine

from airflow_wfstate.backends.api import ApiBackend
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer, running_api_server


@pytest.fixture(scope="session")
def api_server(migrated_postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """One api-server for the test session."""
    with running_api_server(migrated_postgres_url, tmp_path_factory.mktemp("api-server")) as server:
        yield server


@pytest.fixture
def api_backend(api_server: ApiServer) -> Iterator[ApiBackend]:
    """The api way to the store, as an administrator."""
    backend = api_server.backend()
    yield backend
    backend.close()


@pytest.fixture
def server_engine(api_server: ApiServer) -> Iterator[Engine]:
    """Straight to the server's database."""
    engine = create_engine(api_server.database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def airflow_rows(server_engine: Engine) -> AirflowRows:
    """Puts runs and tasks into Airflow's tables."""
    return AirflowRows(server_engine)


@pytest.fixture
def client(api_server: ApiServer) -> Iterator[httpx.Client]:
    """A bare HTTP client without credentials, whose paths begin below /wfstate."""
    with httpx.Client(base_url=f"{api_server.url}/wfstate", timeout=30) as client:
        yield client
