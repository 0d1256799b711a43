"""The session's own Airflow home, migrated, with the test DAGs in its DAGs folder (``dag.test()`` wants both)."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.sdk import DAG

from airflow_wfstate.backends.protocol import StateBackend
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook
from tests.support.postgres import migrate


@pytest.fixture(scope="session", autouse=True)
def _no_implicit_event_loop() -> None:
    """Airflow runs an async function in the thread's loop, and closes only one that it made itself.

    Without this Python makes one implicitly, which nobody closes.
    """
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def dags_folder() -> Path:
    home = Path(os.environ["AIRFLOW_HOME"])
    migrate(f"sqlite:///{home / 'airflow.db'}", home)
    folder = home / "dags"
    shutil.copytree(Path(__file__).parent / "dags", folder, dirs_exist_ok=True)
    return folder


@pytest.fixture
def backend(dags_folder: Path) -> StateBackend:
    return WorkflowStateHook().get_conn()


@pytest.fixture
def a_dag() -> Iterator[DAG]:
    """An empty DAG to declare tasks in."""
    with DAG("a_dag", schedule=None) as dag:
        yield dag
