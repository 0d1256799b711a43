"""Relays whose task someone marked by hand while it ran a compensation: the process may run on for some seconds.

Airflow ends a task that was marked at once; its process learns of it with its next heartbeat. A relay that died is not
meant: Airflow learns of its end from the process itself, so nothing runs any more.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from airflow_wfstate import conf
from airflow_wfstate.store.database import audit
from airflow_wfstate.store.database.airflow_tables import task_instance, task_instance_history


def may_still_run(connection: Connection, task_instance_id: str, began_at: datetime, now: datetime) -> bool:
    """Whether a relay with an unreported compensation was marked by hand less than the grace ago.

    The grace is ``[wfstate] in_flight_grace_seconds``. A relay reports before its task ends, so a task that succeeded
    or was skipped without a report was marked. Whether a failed one was, only the audit table tells, if it is readable.

    :param began_at: when the relay began the compensation.
    """
    for table, key in (
        (task_instance, task_instance.c.id),
        (task_instance_history, task_instance_history.c.task_instance_id),
    ):
        row = connection.execute(
            select(
                table.c.dag_id, table.c.run_id, table.c.task_id, table.c.map_index, table.c.state, table.c.end_date
            ).where(key == task_instance_id)
        ).one_or_none()
        if row is None:
            continue
        if row.end_date is None or row.end_date <= now - conf.in_flight_grace():
            return False
        if row.state in ("success", "skipped"):
            return True
        place = (row.dag_id, row.run_id, row.task_id, row.map_index)
        return (
            row.state == "failed"
            and audit.is_readable(connection)
            and audit.who_marked_task(connection, *place, states=["failed"], since=began_at) is not None
        )
    return False
