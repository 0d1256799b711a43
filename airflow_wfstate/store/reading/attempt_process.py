"""Where attempts ran and how long they were queued, from what Airflow keeps about their task instances."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import task_instance, task_instance_history

_attempt = schema.attempt


@dataclass(frozen=True)
class AttemptProcess:
    """The process of a task instance; None for whatever Airflow does not record."""

    queued_at: datetime | None
    hostname: str | None

    def queued_before(self, started_at: datetime) -> datetime | None:
        """When it was queued for an attempt that began then. An attempt that waited has been queued again since."""
        return self.queued_at if self.queued_at is not None and self.queued_at <= started_at else None


UNKNOWN: Final = AttemptProcess(None, None)


def read_processes(connection: Connection, step_ids: Collection[str]) -> dict[str, AttemptProcess]:
    """The processes of these steps' attempts, by task instance id: newest tries, and earlier ones from the history."""
    found: dict[str, AttemptProcess] = {}
    for table, key in (
        (task_instance, task_instance.c.id),
        (task_instance_history, task_instance_history.c.task_instance_id),
    ):
        rows = connection.execute(
            select(_attempt.c.task_instance_id, table.c.queued_dttm, table.c.hostname)
            .join(table, key == _attempt.c.task_instance_id)
            .where(_attempt.c.step_id.in_(step_ids))
        )
        found.update({row.task_instance_id: AttemptProcess(row.queued_dttm, row.hostname or None) for row in rows})
    return found
