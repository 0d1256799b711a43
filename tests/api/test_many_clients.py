"""With many clients and a slow database, other users of the api-server do not have to wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import Engine, create_engine, text

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.credentials import StaticToken
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.step import BeginDecision, BeginStep
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer, task_token
from tests.support.world import World

PATIENCE_SECONDS = 30
PROMPT_SECONDS = 10
"""Far more than an answer takes on a busy machine, far less than what the lock would make it wait."""


@pytest.fixture
def observer(api_server: ApiServer) -> Iterator[Engine]:
    """Sees what waits in the server's database."""
    engine = create_engine(api_server.database_url)
    yield engine
    engine.dispose()


@contextmanager
def _locked(engine: Engine, table: str) -> Iterator[None]:
    """Nobody else reads or writes a table while the block runs."""
    with engine.begin() as connection:
        connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield


def _waiting(observer: Engine, table: str) -> int:
    """How many connections wait for a table."""
    statement = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = to_regclass(:name)"
    with observer.connect() as connection:
        return int(connection.execute(text(statement), {"name": table}).scalar_one())


def _until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        pause.wait(0.02)


def _health(url: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{url}/wfstate/v1/health", headers=headers, timeout=PATIENCE_SECONDS).status_code


def test_a_token_check_that_waits_for_the_database_stops_nobody_else(
    api_server: ApiServer, server_engine: Engine, observer: Engine, airflow_rows: AirflowRows
) -> None:
    run_id = airflow_rows.add_run("intake")
    World(DatabaseBackend(server_engine), airflow_rows).start(run_id)
    task = airflow_rows.add_task("intake", run_id, "work")
    token = api_server.token()
    as_task = ApiBackend(api_server.url, StaticToken(task_token(task)), configured_by="the test")
    with ThreadPoolExecutor(1) as pool:
        with _locked(server_engine, "revoked_token"):
            checked = pool.submit(_health, api_server.url, token)
            _until(lambda: _waiting(observer, "revoked_token") == 1)
            assert httpx.get(f"{api_server.url}/api/v2/monitor/health", timeout=PROMPT_SECONDS).is_success
            assert as_task.begin_step(BeginStep(task, "charge")).decision is BeginDecision.RUN
        assert checked.result(PATIENCE_SECONDS) == 200
    as_task.close()


def test_many_reads_that_wait_for_the_database_leave_threads_and_connections_to_others(
    api_server: ApiServer, server_engine: Engine, observer: Engine
) -> None:
    token = api_server.token()
    with ThreadPoolExecutor(60) as pool:
        with _locked(server_engine, "wfstate_workflow"):
            reads = [pool.submit(_health, api_server.url, token) for _ in range(60)]
            _until(lambda: _waiting(observer, "wfstate_workflow") >= 3)
            for _ in range(3):
                assert httpx.get(f"{api_server.url}/api/v2/monitor/health", timeout=PROMPT_SECONDS).is_success
            # Half of the seven that are let in, as Airflow's pool has fifteen connections; one more is the sweep's.
            assert _waiting(observer, "wfstate_workflow") <= 4
        assert not wait(reads, PATIENCE_SECONDS).not_done
    assert {read.result() for read in reads} == {200}


def test_a_token_that_was_given_up_by_a_logout_is_refused(api_server: ApiServer) -> None:
    token = api_server.token("viewer")
    assert _health(api_server.url, token) == 200
    httpx.get(f"{api_server.url}/api/v2/auth/logout", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    # A positive answer is kept for a second.
    _until(lambda: _health(api_server.url, token) == 401)
