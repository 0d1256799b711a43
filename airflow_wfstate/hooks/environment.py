"""Find out in which kind of process this code runs."""

from __future__ import annotations

import os
from typing import Final

_DATABASE_VARIABLE: Final = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
_BLOCKED_SCHEME: Final = "airflow-db-not-allowed:"


def is_database_blocked() -> bool:
    """Whether Airflow blocks this process from its metadata database: True in tasks, triggers and DAG parsing.

    Airflow's supervisor puts an unusable database URL into the environment of each process that runs DAG authors' code
    (``airflow.sdk.execution_time.supervisor.block_orm_access``). It does not do so in the api-server, the scheduler and
    the CLI, or under ``dag.test()`` and ``airflow dags test``.
    """
    return os.environ.get(_DATABASE_VARIABLE, "").startswith(_BLOCKED_SCHEME)


def current_task_instance_id() -> str | None:
    """The id of the task instance that this code runs for; None outside a task."""
    from airflow.sdk import get_current_context

    try:
        task_instance = get_current_context()["ti"]
    except RuntimeError:  # no context, so this is not inside a task's execute()
        return None
    return str(task_instance.id)
