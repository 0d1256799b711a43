"""Whether a wait that has ended begins again for a later try of its task.

A retry continues: it gets the answer that the earlier try would have got. A try after a clear wants a new wait. So does
one after a try that failed because of the wait's end; otherwise it would fail immediately, forever.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, select, union_all

from airflow_wfstate.domain.rules.waiting import WaitOutcome
from airflow_wfstate.store.database.airflow_tables import task_instance, task_instance_history

_SUCCEEDED: Final = ("success", "skipped")


def begins_again(connection: Connection, wait: Row[Any], task_instance_id: str, now: datetime) -> bool:
    """Whether the try with this id begins the wait again.

    :param wait: locked, as an earlier try or this one left it.
    """
    ended_at: datetime | None = wait.ended_at
    if ended_at is None and wait.deadline_at is not None and wait.deadline_at <= now:
        ended_at = wait.deadline_at
    if ended_at is None or wait.task_instance_id == task_instance_id:
        return False
    earlier = _read_try(connection, wait.task_instance_id)
    if earlier is None:  # Airflow no longer knows it: someone has cleaned up
        return True
    if earlier.state in _SUCCEEDED:
        return True
    if wait.outcome == WaitOutcome.ARRIVED.value:
        return False
    return earlier.end_date is not None and earlier.end_date >= ended_at


def _read_try(connection: Connection, task_instance_id: str) -> Row[Any] | None:
    present, history = task_instance, task_instance_history
    tries = union_all(
        select(present.c.state, present.c.end_date).where(present.c.id == task_instance_id),
        select(history.c.state, history.c.end_date).where(history.c.task_instance_id == task_instance_id),
    )
    return connection.execute(tries).first()
