"""Record what was sent, in one transaction that changes nothing if the cursor was moved in the meantime."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, select, update

from airflow_wfstate.domain.rules.webhooks.delivery_schedule import AWAY_AFTER, delay_after, pause_after
from airflow_wfstate.store.database import outbox_tables
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.conflict_insert import conflict_insert
from airflow_wfstate.store.database.transaction import Unchanged
from airflow_wfstate.store.delivery.batch import Batch
from airflow_wfstate.store.delivery.letter import Letter
from airflow_wfstate.store.delivery.sending import Sent, Streak
from airflow_wfstate.store.outbox.cursor import Cursor
from airflow_wfstate.webhooks.sender import Result

_subscription: Final = outbox_tables.subscription
_delivery: Final = outbox_tables.delivery
_outgoing: Final = outbox_tables.outgoing_event

_RESTORED: Final = (
    "The database was restored on another server with a new transaction counter, so it is unknown what this subscriber "
    "has received. Set it to a time before the backup, then continue it: airflow wfstate subscriptions replay "
    "NAME --from TIME, then airflow wfstate subscriptions continue NAME"
)


def mark(connection: Connection, batch: Batch, sent: Sequence[Sent], streak: Streak) -> bool | Unchanged[bool]:
    """Record how far the subscriber has received; return False, writing nothing, if its cursor was moved."""
    now: datetime = connection.execute(select(database_now())).scalar_one()
    if not _write_subscription(connection, batch, _columns(batch, sent, streak, now)):
        return Unchanged(False)
    for of_lane in sent:
        if of_lane.lane in batch.own:
            _mark_own(connection, batch, of_lane, now)
        elif of_lane.refused is not None and not streak.is_gone:
            _delay(connection, batch, of_lane, now)
        elif of_lane.lane in batch.delayed and not of_lane.not_sent:
            _go_on(connection, batch, of_lane, now)
    for workflow_id in batch.delayed.keys() - {of_lane.lane for of_lane in sent}:
        _forget(connection, batch, workflow_id)  # nothing of it is wanted, up to the cursor
    if any(of_lane.accepted for of_lane in sent) and batch.subscription.failures >= AWAY_AFTER:
        for table in (_delivery, _outgoing):  # the receiver is back: retry at once what it did not answer
            waits = (table.c.subscription_id == batch.subscription.id, table.c.next_try_at > now)
            connection.execute(update(table).where(*waits).values(next_try_at=now))
    return True


def mark_lost(connection: Connection, batch: Batch) -> bool:
    """Pause the subscription after a restore of the database, until someone says where to continue."""
    return _write_subscription(connection, batch, {"paused": True, "paused_because": _RESTORED})


def _write_subscription(connection: Connection, batch: Batch, values: dict[str, Any]) -> bool:
    row = batch.subscription
    unchanged = [_subscription.c[name] == value for name, value in Cursor.of(row).columns().items()]
    its_row = (_subscription.c.id == row.id, _subscription.c.replay == row.replay, *unchanged)
    return connection.execute(update(_subscription).where(*its_row).values(**values)).rowcount == 1


def _columns(batch: Batch, sent: Sequence[Sent], streak: Streak, now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {"failures": streak.failures, "next_try_at": None}
    if streak.failures >= AWAY_AFTER:
        values["next_try_at"] = now + max(pause_after(streak.failures, random.random()), streak.wait)  # noqa: S311 - jitter
    if any(of_lane.accepted for of_lane in sent):
        values["last_delivered_at"] = now
    refusals = [of_lane.result for of_lane in sent if of_lane.result is not None]
    if refusals:
        values |= {"last_refused_at": now, "last_status": refusals[-1].status, "last_answer": refusals[-1].text}
    if streak.is_gone:
        values |= {"paused": True, "paused_because": "The receiver wants no more events: it answered 410 Gone."}
    if batch.after is not None:
        values |= _reached(batch, batch.after, sent, is_gone=streak.is_gone).columns()
    return values


def _reached(batch: Batch, after: Cursor, sent: Sequence[Sent], *, is_gone: bool) -> Cursor:
    """The cursor up to which nothing is left to send except what ``wfstate_delivery`` remembers."""
    left: set[str] = set()
    for of_lane in sent:
        # After a refusal, everything that follows in that workflow is remembered with it.
        if is_gone and of_lane.refused is not None:
            left.add(of_lane.refused.event_id)
        if is_gone or of_lane.refused is None:
            left |= {letter.event_id for letter in of_lane.not_sent}
    first: Letter | None = next((letter for letter in batch.letters if letter.event_id in left), None)
    return after if first is None else first.before


def _delay(connection: Connection, batch: Batch, sent: Sent, now: datetime) -> None:
    """Remember a refusal, and when to retry."""
    assert sent.refused is not None and sent.result is not None  # noqa: S101, PT018 - asked by the caller
    known = batch.delayed.get(sent.lane)
    is_same = known is not None and sent.accepted == 0
    attempts = known.attempts + 1 if known is not None and is_same else 1
    values = {
        "number": sent.refused.number,
        "since": known.since if known is not None and is_same else now,
        **_refusal(sent.result, attempts, now),
    }
    connection.execute(
        conflict_insert(connection.dialect.name, _delivery)
        .values(subscription_id=batch.subscription.id, workflow_id=sent.lane, **values)
        .on_conflict_do_update(index_elements=[_delivery.c.subscription_id, _delivery.c.workflow_id], set_=values)
    )


def _mark_own(connection: Connection, batch: Batch, sent: Sent, now: datetime) -> None:
    """Delete an accepted event of the subscription's own, or remember a refusal."""
    event_id = sent.lane
    its_row = (_outgoing.c.subscription_id == batch.subscription.id, _outgoing.c.event_id == event_id)
    if sent.accepted:
        connection.execute(delete(_outgoing).where(*its_row))
    elif sent.result is not None and not sent.result.is_gone:
        values = _refusal(sent.result, batch.own[event_id].attempts + 1, now)
        connection.execute(update(_outgoing).where(*its_row).values(**values))


def _refusal(result: Result, attempts: int, now: datetime) -> dict[str, object]:
    """The columns that remember a refusal, and when to retry: never, after the last attempt."""
    delay = delay_after(attempts, random.random())  # noqa: S311 - no secret
    if delay is not None and result.wait is not None:
        delay = max(delay, result.wait)
    return {
        "attempts": attempts,
        "next_try_at": None if delay is None else now + delay,
        "last_status": result.status,
        "last_answer": result.text,
    }


def _go_on(connection: Connection, batch: Batch, sent: Sent, now: datetime) -> None:
    """Continue after the letters, which were all accepted: the workflow may have more entries up to the cursor."""
    values = {"number": sent.letters[-1].number + 1, "attempts": 0, "next_try_at": now}
    connection.execute(update(_delivery).where(*_its_row(batch, sent.lane)).values(**values))


def _forget(connection: Connection, batch: Batch, workflow_id: str) -> None:
    connection.execute(delete(_delivery).where(*_its_row(batch, workflow_id)))


def _its_row(batch: Batch, workflow_id: str) -> tuple[Any, Any]:
    return _delivery.c.subscription_id == batch.subscription.id, _delivery.c.workflow_id == workflow_id
