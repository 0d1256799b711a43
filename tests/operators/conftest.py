"""The session's own Airflow home, migrated, with the test DAGs in its DAGs folder (``dag.test()`` wants both)."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.sdk import DAG
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.domain.messages.workflow import WorkflowSummary
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook
from tests.support.airflow_rows import AirflowRows
from tests.support.bookings import Bookings, LosesTheEnd, connection_json
from tests.support.postgres import PostgresServer
from tests.support.world import World


@pytest.fixture(scope="session", autouse=True)
def _no_implicit_event_loop() -> None:
    """Airflow runs an async function in the thread's loop, and closes only one that it made itself.

    Without this Python makes one implicitly, which nobody closes.
    """
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def dags_folder(migrated_sqlite: Path) -> Path:
    home = Path(os.environ["AIRFLOW_HOME"])
    shutil.copy(migrated_sqlite, home)
    folder = home / "dags"
    shutil.copytree(Path(__file__).parent / "dags", folder, dirs_exist_ok=True)
    return folder


@pytest.fixture
def backend(dags_folder: Path) -> StateBackend:
    return WorkflowStateHook().get_conn()


@pytest.fixture
def workflow_of(backend: StateBackend) -> Callable[[Any], WorkflowSummary]:
    """The workflow of a ``dag.test()`` run: a rehearsal, whose key ends with the run's id."""

    def find(dag_run: Any) -> WorkflowSummary:
        found = backend.list_workflows(WorkflowQuery(dag_id=dag_run.dag_id)).workflows
        (workflow,) = (workflow for workflow in found if workflow.key.endswith(dag_run.run_id))
        return workflow

    return find


@pytest.fixture
def a_dag() -> Iterator[DAG]:
    """An empty DAG to declare tasks in."""
    with DAG("a_dag", schedule=None) as dag:
        yield dag


@pytest.fixture
def world(migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A store on SQLite that the steps of this process find."""
    engine = create_engine(migrated_sqlite_url)
    backend = DatabaseBackend(engine)
    monkeypatch.setattr(
        "airflow_wfstate.operators.steps.execution.WorkflowStateHook",
        lambda _conn_id: SimpleNamespace(get_conn=lambda: backend),
    )
    yield World(backend, AirflowRows(engine))
    engine.dispose()


@pytest.fixture(params=["psycopg2", "psycopg3"])
def driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The PostgreSQL driver that Airflow's hook uses."""
    monkeypatch.setattr("airflow.providers.postgres.hooks.postgres.USE_PSYCOPG3", request.param == "psycopg3")
    return str(request.param)


@pytest.fixture
def bookings(
    migrated_sqlite_url: str, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch, driver: str
) -> Iterator[Bookings]:
    """A step and its database, in a workflow."""
    engine = create_engine(migrated_sqlite_url)
    backend = LosesTheEnd(DatabaseBackend(engine))
    monkeypatch.setattr(
        "airflow_wfstate.operators.steps.execution.WorkflowStateHook",
        lambda _conn_id: SimpleNamespace(get_conn=lambda: backend),
    )
    with postgres_server.database("bookings") as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE booking (id serial PRIMARY KEY, who text UNIQUE, amount numeric)")
        monkeypatch.setenv("AIRFLOW_CONN_BOOKINGS", connection_json(url))
        yield Bookings(World(backend, AirflowRows(engine)), url)  # type: ignore[arg-type]  # a store in a wrapper
    engine.dispose()
