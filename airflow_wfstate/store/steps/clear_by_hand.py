"""A manual clear: someone asks for a task that had succeeded to run again.

Airflow keeps the tries of a task in ``task_instance_history``. A try is recorded there as ``success`` only if someone
cleared it. After a failure, a kill or a lost acknowledgement it is ``failed``, and a retry follows. The request stands
until it is met, because the tries after the cleared one may die before they begin the step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, or_, select

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.states import CompensationState, WorkflowState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import task_instance_history
from airflow_wfstate.store.steps.row import StepRow
from airflow_wfstate.store.workflows.caller import Caller
from airflow_wfstate.store.workflows.change import Change

_MILLISECOND: Final = timedelta(milliseconds=1)
_TIME_ORDERED: Final = 7
"""Airflow gives tries ids of this version, which contain the time they were created."""


def is_to_run_again(connection: Connection, caller: Caller, step: StepRow) -> bool:
    """Whether a succeeded try of the caller's task was cleared after the newest round of the step ended.

    :param step: a succeeded step.
    """
    cleared = _cleared_tries(connection, caller, step.task_instance_id)
    if not cleared:
        return False
    if (caller.dag_id, caller.run_id, caller.task_id) == (step.dag_id, step.run_id, step.task_id):
        if any(item.task_instance_id == step.task_instance_id for item in cleared):
            return True  # compared by id: an item may have moved to another map index since
        if caller.map_index == step.map_index:
            by = _end_of_round(connection, step).try_number
            return any(item.try_number > by for item in cleared)
    ended_at = _end_of_round(connection, step).ended_at
    return ended_at is not None and _any_since(cleared, ended_at)


def was_cleared_since(connection: Connection, caller: Caller, moment: datetime) -> bool:
    """Whether a succeeded try of the caller's task was cleared at or after this moment."""
    return _any_since(_cleared_tries(connection, caller), moment)


@dataclass(frozen=True)
class _ClearedTry:
    """A succeeded try that was cleared; ``at`` is the time of the clear, taken from the id of the next try."""

    task_instance_id: str
    try_number: int
    at: datetime | None


def _cleared_tries(connection: Connection, caller: Caller, other_id: str | None = None) -> list[_ClearedTry]:
    """Cleared tries of the caller's task, and of the task instance with the other id if it is of that task and run."""
    history = task_instance_history
    is_own = history.c.map_index == caller.map_index
    rows = connection.execute(
        select(history.c.task_instance_id, history.c.try_number, history.c.map_index, history.c.state)
        .where(
            history.c.dag_id == caller.dag_id,
            history.c.run_id == caller.run_id,
            history.c.task_id == caller.task_id,
            is_own if other_id is None else or_(is_own, history.c.task_instance_id == other_id),
        )
        .order_by(history.c.try_number)
    ).all()
    found: list[_ClearedTry] = []
    next_id = caller.task_instance_id
    for row in reversed(rows):
        own = row.map_index == caller.map_index
        if row.state == "success":
            found.append(_ClearedTry(row.task_instance_id, row.try_number, _made_at(next_id) if own else None))
        next_id = row.task_instance_id if own else next_id
    return found


def _any_since(cleared: list[_ClearedTry], moment: datetime) -> bool:
    return any(item.at is not None and item.at > moment - _MILLISECOND for item in cleared)


def _made_at(task_instance_id: str) -> datetime | None:
    """When a try's id was created, to the millisecond; None when the id does not contain a time."""
    identity = UUID(task_instance_id)
    if identity.version != _TIME_ORDERED:
        return None
    return datetime.fromtimestamp((identity.int >> 80) / 1000, tz=timezone.utc)


@dataclass(frozen=True)
class _End:
    try_number: int
    ended_at: datetime | None


def _end_of_round(connection: Connection, step: StepRow) -> _End:
    attempt = schema.attempt
    row = connection.execute(
        select(attempt.c.try_number, attempt.c.ended_at).where(
            attempt.c.step_id == step.id, attempt.c.number == step.attempt
        )
    ).one()
    return _End(row.try_number, row.ended_at)


def reopen(change: Change, data: Mapping[str, JsonValue] | None = None) -> None:
    """Reopen a succeeded workflow. Its discarded compensations are armed again, so that a person can use them.

    :param data: data for the journal entry; None when one of its tasks was cleared manually.
    """
    change.become(WorkflowState.RUNNING, ended_at=None, reopened=True)
    change.reopened = True
    change.update(
        schema.compensation,
        where={"workflow_id": change.workflow_id, "state": CompensationState.DISCARDED.value},
        values={"state": CompensationState.ARMED.value},
    )
    change.journal(EntryKind.WORKFLOW_REOPENED, data=data)
