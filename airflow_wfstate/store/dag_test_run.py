"""Runs of ``dag.test()`` and ``airflow dags test``: they never take part in a workflow of an earlier run."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select

from airflow_wfstate.domain.names import MAX_NAME_LENGTH
from airflow_wfstate.store.airflow_tables import dag_run
from airflow_wfstate.store.caller import Caller

_TEST: Final = "TEST"
"""Airflow stores the name of ``DagRunTriggeredByType.TEST`` (3.2.2 and 3.3.2)."""


def is_test_run(connection: Connection, caller: Caller) -> bool:
    """Whether ``dag.test()`` or ``airflow dags test`` made the caller's run."""
    triggered_by = connection.execute(
        select(dag_run.c.triggered_by).where(dag_run.c.dag_id == caller.dag_id, dag_run.c.run_id == caller.run_id)
    ).scalar_one_or_none()
    return bool(triggered_by == _TEST)


def key_of_test_run(key: str, run_id: str) -> str:
    """The key of a test run whose wished key was used before: ``key~run_id``, its last 250 characters.

    So a test run does every step, and leaves alone what was there.
    """
    return f"{key}~{run_id}"[-MAX_NAME_LENGTH:]
