"""Marking what was sent: one transaction, which changes nothing when the cursor was set to another point meanwhile."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, select, update

from airflow_wfstate.domain.rules.delivery_schedule import AWAY_AFTER, delay_after, pause_after
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.conflict_insert import conflict_insert
from airflow_wfstate.store.database.transaction import Unchanged
from airflow_wfstate.store.delivery.batch import Batch
from airflow_wfstate.store.delivery.letter import Letter
from airflow_wfstate.store.delivery.sending import Sent, Streak
from airflow_wfstate.store.outbox.cursor import Cursor

_subscription: Final = schema.subscription
_delivery: Final = schema.delivery

_RESTORED: Final = (
    "The database was restored on another server, whose transactions are numbered anew: how far this subscriber was "
    "told cannot be known. Set it to a time before the backup, and continue it: airflow wfstate subscriptions replay "
    "NAME --from TIME, then airflow wfstate subscriptions continue NAME"
)


def mark(connection: Connection, batch: Batch, sent: Sequence[Sent], streak: Streak) -> bool | Unchanged[bool]:
    """Write how far the subscriber was told; False, and nothing is written, when that is no longer the question."""
    now: datetime = connection.execute(select(database_now())).scalar_one()
    if not _write_subscription(connection, batch, _columns(batch, sent, streak, now)):
        return Unchanged(False)
    for of_workflow in sent:
        if of_workflow.refused is not None and not streak.is_gone:
            _delay(connection, batch, of_workflow, now)
        elif of_workflow.workflow_id in batch.delayed and not of_workflow.not_sent:
            _go_on(connection, batch, of_workflow, now)
    for workflow_id in batch.delayed.keys() - {of_workflow.workflow_id for of_workflow in sent}:
        _forget(connection, batch, workflow_id)  # nothing of it is wanted, up to the cursor
    if any(of_workflow.accepted for of_workflow in sent) and batch.subscription.failures >= AWAY_AFTER:
        # The receiver is back: what it did not answer for is tried at once.
        waits = (_delivery.c.subscription_id == batch.subscription.id, _delivery.c.next_try_at > now)
        connection.execute(update(_delivery).where(*waits).values(next_try_at=now))
    return True


def mark_lost(connection: Connection, batch: Batch) -> bool:
    """Pause the subscription of a database that was restored, until somebody says where to go on."""
    return _write_subscription(connection, batch, {"paused": True, "paused_because": _RESTORED})


def _write_subscription(connection: Connection, batch: Batch, values: dict[str, Any]) -> bool:
    row = batch.subscription
    unchanged = [_subscription.c[name] == value for name, value in Cursor.of(row).columns().items()]
    its_row = (_subscription.c.id == row.id, _subscription.c.replay == row.replay, *unchanged)
    return connection.execute(update(_subscription).where(*its_row).values(**values)).rowcount == 1


def _columns(batch: Batch, sent: Sequence[Sent], streak: Streak, now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {"failures": streak.failures, "next_try_at": None}
    if streak.failures >= AWAY_AFTER:
        values["next_try_at"] = now + max(pause_after(streak.failures, random.random()), streak.wait)  # noqa: S311
    if any(of_workflow.accepted for of_workflow in sent):
        values["last_delivered_at"] = now
    refusals = [of_workflow.result for of_workflow in sent if of_workflow.result is not None]
    if refusals:
        values |= {"last_refused_at": now, "last_status": refusals[-1].status, "last_answer": refusals[-1].text}
    if streak.is_gone:
        values |= {"paused": True, "paused_because": "The receiver wants no more events: it answered 410 Gone."}
    if batch.after is not None:
        values |= _reached(batch, batch.after, sent, is_gone=streak.is_gone).columns()
    return values


def _reached(batch: Batch, after: Cursor, sent: Sequence[Sent], *, is_gone: bool) -> Cursor:
    """Up to where nothing is left to send that no row of ``wfstate_delivery`` remembers."""
    left: set[str] = set()
    for of_workflow in sent:
        # Of a workflow with a refusal all that follows is remembered with it.
        if is_gone and of_workflow.refused is not None:
            left.add(of_workflow.refused.event_id)
        if is_gone or of_workflow.refused is None:
            left |= {letter.event_id for letter in of_workflow.not_sent}
    first: Letter | None = next((letter for letter in batch.letters if letter.event_id in left), None)
    return after if first is None else first.before


def _delay(connection: Connection, batch: Batch, sent: Sent, now: datetime) -> None:
    """Remember a refusal, and when to try again."""
    assert sent.refused is not None and sent.result is not None  # noqa: S101, PT018 - asked by the caller
    known = batch.delayed.get(sent.workflow_id)
    is_same = known is not None and sent.accepted == 0
    attempts = known.attempts + 1 if known is not None and is_same else 1
    delay = delay_after(attempts, random.random())  # noqa: S311 - no secret
    if delay is not None and sent.result.wait is not None:
        delay = max(delay, sent.result.wait)
    values = {
        "number": sent.refused.number,
        "attempts": attempts,
        "since": known.since if known is not None and is_same else now,
        "next_try_at": None if delay is None else now + delay,
        "last_status": sent.result.status,
        "last_answer": sent.result.text,
    }
    connection.execute(
        conflict_insert(connection.dialect.name, _delivery)
        .values(subscription_id=batch.subscription.id, workflow_id=sent.workflow_id, **values)
        .on_conflict_do_update(index_elements=[_delivery.c.subscription_id, _delivery.c.workflow_id], set_=values)
    )


def _go_on(connection: Connection, batch: Batch, sent: Sent, now: datetime) -> None:
    """Go on behind the letters, all of which were accepted: there may be more of the workflow up to the cursor."""
    values = {"number": sent.letters[-1].number + 1, "attempts": 0, "next_try_at": now}
    connection.execute(update(_delivery).where(*_its_row(batch, sent.workflow_id)).values(**values))


def _forget(connection: Connection, batch: Batch, workflow_id: str) -> None:
    connection.execute(delete(_delivery).where(*_its_row(batch, workflow_id)))


def _its_row(batch: Batch, workflow_id: str) -> tuple[Any, Any]:
    return _delivery.c.subscription_id == batch.subscription.id, _delivery.c.workflow_id == workflow_id
