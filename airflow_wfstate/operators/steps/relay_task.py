"""Find the relay of a DAG, which its steps identify by task id."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk import DAG


class RelayTask:
    """Marks an operator as the relay of its DAG."""


def find_relay(dag: DAG | None) -> str | None:
    """The task id of the DAG's relay; None if it has none."""
    if dag is None:
        return None
    return next((task.task_id for task in dag.tasks if isinstance(task, RelayTask)), None)
