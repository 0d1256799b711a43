"""What a task did in a workflow besides attempts of steps."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select

from airflow_wfstate.domain.messages.reading.task_activity import ReadTaskActivity, TaskActivity
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.reading.journal import entries_of
from airflow_wfstate.store.workflows.caller import task_actor
from airflow_wfstate.store.workflows.id import check_exists

_ENTRIES: Final = 50

_run, _journal = schema.run, schema.journal


def read_task_activity(connection: Connection, task: ReadTaskActivity) -> TaskActivity:
    """What it did, as described at ``StateBackend.read_task_activity``.

    Entries are not indexed by their author, so this reads the workflow's part of the journal.
    """
    workflow_id = check_exists(connection, task.workflow_id)
    relay = connection.execute(
        select(_run.c.relay_task_id).where(
            _run.c.workflow_id == workflow_id, _run.c.dag_id == task.dag_id, _run.c.run_id == task.run_id
        )
    ).scalar()
    rows = connection.execute(
        select(_journal)
        .where(
            _journal.c.workflow_id == workflow_id,
            _journal.c.actor == task_actor(task.dag_id, task.run_id, task.task_id, task.map_index),
            _journal.c.step.is_(None),
        )
        .order_by(_journal.c.number.desc())
        .limit(_ENTRIES)
    ).all()
    return TaskActivity(is_relay=relay == task.task_id, entries=entries_of(connection, rows[::-1]))
