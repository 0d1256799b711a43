"""Find the DAG run of a task instance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from airflow_wfstate.api.backend import get_backend
from airflow_wfstate.exceptions import TaskInstanceNotFound


@dataclass(frozen=True)
class TaskInstanceRun:
    """The DAG run of a task instance."""

    dag_id: str
    run_id: str


@lru_cache(maxsize=10_000)  # a task instance never changes its run
def run_of(task_instance_id: str) -> TaskInstanceRun:
    """The run of a task instance or of an earlier try.

    :raises TaskInstanceNotFound: Airflow does not know it.
    """
    try:
        identity = str(UUID(task_instance_id))
    except ValueError as error:
        raise _not_found(task_instance_id) from error
    found = get_backend().run_of_task(identity)
    if found is None:
        raise _not_found(task_instance_id)
    return TaskInstanceRun(*found)


def _not_found(task_instance_id: str) -> TaskInstanceNotFound:
    return TaskInstanceNotFound(
        f"Airflow knows no task instance {task_instance_id[:80]}.", "Give the id of the running task."
    )
