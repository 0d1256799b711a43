"""How a run ended, judged as Airflow judges it: by its effective leaves, over every map index.

Airflow's rule is in ``DagRun.update_state`` (airflow/models/dagrun.py): a run has failed when any of its leaves failed,
or was not reached because something upstream of it failed.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select

from airflow_wfstate.store.database.airflow_tables import FINISHED_TASK_STATES, task_instance

_FAILED: Final = ("failed", "upstream_failed")


def failed_leaf(connection: Connection, dag_id: str, run_id: str, leaf_task_ids: list[str]) -> str | None:
    """The first failed leaf of the run, by task id and map index; None when the run has not failed."""
    row = connection.execute(
        select(task_instance.c.task_id, task_instance.c.map_index, task_instance.c.state)
        .where(
            task_instance.c.dag_id == dag_id,
            task_instance.c.run_id == run_id,
            task_instance.c.task_id.in_(leaf_task_ids),
            task_instance.c.state.in_(_FAILED),
        )
        .order_by(task_instance.c.task_id, task_instance.c.map_index)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    index = f"[{row.map_index}]" if row.map_index >= 0 else ""
    return f"{dag_id}/{run_id}/{row.task_id}{index} is {row.state}"


def root_failure(connection: Connection, dag_id: str, run_id: str) -> str | None:
    """The task of the run that failed first, by its end; None when none failed."""
    row = connection.execute(
        select(task_instance.c.task_id, task_instance.c.map_index)
        .where(task_instance.c.dag_id == dag_id, task_instance.c.run_id == run_id, task_instance.c.state == "failed")
        .order_by(task_instance.c.end_date, task_instance.c.task_id, task_instance.c.map_index)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    index = f"[{row.map_index}]" if row.map_index >= 0 else ""
    return f"Task {row.task_id}{index} of {dag_id}/{run_id} failed."


def is_finished(connection: Connection, task_instance_id: str) -> bool:
    """Whether a task instance is finished, or gone from Airflow's table."""
    state = connection.execute(
        select(task_instance.c.state, task_instance.c.id).where(task_instance.c.id == task_instance_id)
    ).one_or_none()
    return state is None or state.state in FINISHED_TASK_STATES
