"""A wait's row, under its lock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from airflow_wfstate.domain.messages.wait import RegisteredWait
from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.waiting import WaitKind, WaitOutcome
from airflow_wfstate.store.database import wait_tables
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.conflict_insert import conflict_insert
from airflow_wfstate.store.database.identity import new_id
from airflow_wfstate.store.payloads.stored_payload import payload_of
from airflow_wfstate.store.workflows.reference import read_reference

_wait: Final = wait_tables.wait

NOT_ENDED: Final[Mapping[str, object]] = {
    "ended_at": None,
    "outcome": None,
    "reason": None,
    "state": None,
    "output": None,
    "output_type": None,
    "output_sha256": None,
}
"""The end columns of a wait that continues."""


@dataclass(frozen=True)
class Waiter:
    """Who waits.

    :param identity: distinguishes this waiter from all others.
    :param task: ``task_instance_id`` of its current try, ``dag_id``, ``run_id``, ``task_id`` and ``map_index``.
    :param step: for a step: ``workflow_id``, ``step_id`` and ``round``; empty for a task that is not a step.
    """

    identity: tuple[str, ...]
    task: Mapping[str, object]
    step: Mapping[str, object]

    @property
    def sha256(self) -> str:
        """The identity in the form of the column."""
        return hashlib.sha256(json.dumps(self.identity).encode()).hexdigest()


def lock_wait(connection: Connection, waiter: Waiter, target: Mapping[str, object], timeout: float | None) -> Row[Any]:
    """Lock the wait of a waiter, and update its current try and deadline; insert the wait first if it does not exist.

    :param target: the columns that describe the target, for a new wait.
    :param timeout: seconds from the wait's beginning to its deadline; None for no deadline. Ignored if it has ended.
    """
    now = connection.execute(select(database_now())).scalar_one()
    connection.execute(
        conflict_insert(connection.dialect.name, _wait)
        .values(
            id=new_id(),
            waiter=waiter.sha256,
            registered_at=now,
            deadline_at=_deadline(now, timeout),
            **waiter.task,
            **waiter.step,
            **target,
        )
        .on_conflict_do_nothing()
    )
    return connection.execute(
        update(_wait).where(_wait.c.waiter == waiter.sha256).values(waiter=_wait.c.waiter).returning(_wait)
    ).one()


def begin_again(
    connection: Connection, wait: Row[Any], waiter: Waiter, target: Mapping[str, object], timeout: float | None
) -> Row[Any]:
    """Begin a locked wait again, under another id, so that earlier triggers and tokens no longer refer to it."""
    now = connection.execute(select(database_now())).scalar_one()
    return connection.execute(
        update(_wait)
        .where(_wait.c.waiter == wait.waiter)
        .values(
            id=new_id(),
            registered_at=now,
            deadline_at=_deadline(now, timeout),
            **NOT_ENDED,
            **waiter.task,
            **waiter.step,
            **target,
        )
        .returning(_wait)
    ).one()


def continue_wait(connection: Connection, wait: Row[Any], waiter: Waiter, timeout: float | None) -> Row[Any]:
    """Let the current try continue with a locked wait that has not ended."""
    return connection.execute(
        update(_wait)
        .where(_wait.c.id == wait.id)
        .values(deadline_at=_deadline(wait.registered_at, timeout), **waiter.task)
        .returning(_wait)
    ).one()


def lock_by_ids(connection: Connection, wait_ids: Iterable[str]) -> list[Row[Any]]:
    """Lock those of the waits that have not ended, always in the same order."""
    found: list[Row[Any]] = []
    for wait_id in sorted(wait_ids):
        found += connection.execute(
            update(_wait)
            .where(_wait.c.id == wait_id, _wait.c.ended_at.is_(None))
            .values(waiter=_wait.c.waiter)
            .returning(_wait)
        )
    return found


def end_wait(connection: Connection, wait_id: str, outcome: WaitOutcome, **values: object) -> Row[Any]:
    """End a locked wait.

    :param values: further columns.
    """
    return connection.execute(
        update(_wait)
        .where(_wait.c.id == wait_id)
        .values(ended_at=database_now(), outcome=outcome.value, **values)
        .returning(_wait)
    ).one()


def registered(connection: Connection, wait: Row[Any]) -> RegisteredWait:
    """What its task is told about a wait."""
    return RegisteredWait(
        wait_id=wait.id,
        registered_at=wait.registered_at,
        deadline_at=wait.deadline_at,
        outcome=None if wait.outcome is None else WaitOutcome(wait.outcome),
        reason=wait.reason,
        workflow=_target_workflow(connection, wait),
        state=wait.state,
        output=payload_of(wait.output, wait.output_type, wait.output_sha256),
    )


def _target_workflow(connection: Connection, wait: Row[Any]) -> WorkflowRef | None:
    if wait.kind == WaitKind.TOKEN.value or wait.target_workflow_id is None:
        return None
    return read_reference(connection, wait.target_workflow_id)


def _deadline(since: datetime, timeout: float | None) -> datetime | None:
    return None if timeout is None else since + timedelta(seconds=timeout)
