"""How the tests call the api-server, and its database."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import Engine, create_engine

from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer


@pytest.fixture
def server_engine(api_server: ApiServer) -> Iterator[Engine]:
    """A backend on the server's database."""
    engine = create_engine(api_server.database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def airflow_rows(server_engine: Engine) -> AirflowRows:
    """Creates runs and tasks in Airflow's tables."""
    return AirflowRows(server_engine)


@pytest.fixture
def client(api_server: ApiServer) -> Iterator[httpx.Client]:
    """A bare HTTP client without credentials, whose paths begin below /wfstate."""
    with httpx.Client(base_url=f"{api_server.url}/wfstate", timeout=30) as client:
        yield client
