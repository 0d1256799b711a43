"""The key under which a start looks for its workflow: the one it names, unless it is a rehearsal."""

from __future__ import annotations

from itertools import count

from sqlalchemy import Connection, select

from airflow_wfstate.domain.messages.workflow import StartWorkflow
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.workflows.caller import Caller
from airflow_wfstate.store.workflows.rehearsal import is_rehearsal_key, rehearsal_key

_workflow, _run = schema.workflow, schema.run


def key_of_start(connection: Connection, request: StartWorkflow, caller: Caller) -> str:
    """The request's key; for a rehearsal, or a run triggered by one, the rehearsal's key in its place."""
    rehearsal = _own_rehearsal(connection, request, caller)
    if rehearsal is not None or not caller.is_rehearsal:
        return rehearsal or request.key
    keys = (rehearsal_key(request.key, caller.run_id, number) for number in count(1))
    return next(key for key in keys if not is_taken(connection, request.name, key))


def is_taken(connection: Connection, name: str, key: str) -> bool:
    """Whether the key already has a generation."""
    found = select(_workflow.c.id).where(_workflow.c.name == name, _workflow.c.key == key).limit(1)
    return connection.execute(found).first() is not None


def _own_rehearsal(connection: Connection, request: StartWorkflow, caller: Caller) -> str | None:
    """The key of the rehearsal that the caller's run owns or was triggered by, if it replaces the request's key."""
    if caller.workflow_id is None:
        return None
    row = connection.execute(
        select(_workflow.c.name, _workflow.c.key, _run.c.run_id)
        .join(_run, _run.c.workflow_id == _workflow.c.id)
        .where(
            _workflow.c.id == caller.workflow_id,
            _run.c.role == RunRole.OWNER.value,
            _run.c.rehearsed_at.is_not(None),
        )
        .limit(1)
    ).one_or_none()
    if row is None or row.name != request.name or not is_rehearsal_key(row.key, request.key, row.run_id):
        return None
    return str(row.key)
