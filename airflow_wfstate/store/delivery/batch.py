"""What to send to a subscriber next: read in one transaction, which ends before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, or_, select

from airflow_wfstate.domain.rules.webhooks.delivery_schedule import AWAY_AFTER
from airflow_wfstate.encryption import unsealed
from airflow_wfstate.store.database import outbox_tables
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.stream_position import horizon
from airflow_wfstate.store.delivery.letter import Letter, letters_of
from airflow_wfstate.store.outbox.cursor import Cursor
from airflow_wfstate.store.outbox.read_subscription import filter_of
from airflow_wfstate.store.outbox.signing_secret import signing_secrets
from airflow_wfstate.store.outbox.stream import Wanted, read_page, read_workflow

_PAGE: Final = 200
"""Entries read at once; a process killed before it marks them causes at most this many to be sent again."""

_DELAYED: Final = 20
"""Workflows retried at once."""

_BEHIND: Final = 10_000
"""Transactions with nothing to send after which the cursor is written anyway."""

_subscription: Final = outbox_tables.subscription
_delivery: Final = outbox_tables.delivery
_outgoing: Final = outbox_tables.outgoing_event


@dataclass(frozen=True)
class Batch:
    """Letters to one subscriber.

    :param subscription: its row.
    :param secrets: the secrets that sign.
    :param letters: the letters, in order within each workflow.
    :param delayed: rows of ``wfstate_delivery`` that the letters belong to, by workflow; empty for a page of the
        stream.
    :param own: rows of ``wfstate_outgoing_event`` that the letters belong to, by event id.
    :param after: the cursor after the page; None for letters that are not from the stream.
    :param is_lost: whether the cursor is ahead of the database, because it was restored on another server.
    """

    subscription: Row[Any]
    secrets: tuple[str, ...]
    letters: Sequence[Letter]
    delayed: Mapping[str, Row[Any]] = field(default_factory=dict)
    own: Mapping[str, Row[Any]] = field(default_factory=dict)
    after: Cursor | None = None
    is_lost: bool = False


def subscriptions_to_serve(connection: Connection) -> list[str]:
    """The ids of the subscriptions that may be sent to now."""
    now: datetime = connection.execute(select(database_now())).scalar_one()
    found = select(_subscription.c.id).where(
        ~_subscription.c.paused, or_(_subscription.c.next_try_at.is_(None), _subscription.c.next_try_at <= now)
    )
    return list(connection.execute(found.order_by(_subscription.c.id)).scalars())


def read_batch(connection: Connection, subscription_id: str, source: str) -> Batch | None:
    """What to send next; None when there is nothing, or nothing may be sent to the subscriber now.

    Its own events go first, then delayed ones whose time has come. A receiver considered unavailable gets one letter as
    a probe.

    :raises PayloadDamaged: the subscription's secret cannot be decrypted.
    """
    now: datetime = connection.execute(select(database_now())).scalar_one()
    subscription = connection.execute(select(_subscription).where(_subscription.c.id == subscription_id)).one_or_none()
    if subscription is None or subscription.paused or (subscription.next_try_at or now) > now:
        return None
    secrets, cursor = signing_secrets(subscription, now), Cursor.of(subscription)
    wanted = Wanted(filter_of(subscription.wanted), subscription.since)
    is_trial = subscription.failures >= AWAY_AFTER
    if own := _due_events(connection, subscription_id, now, 1 if is_trial else _DELAYED):
        letters = [Letter(row.event_id, row.event_id, 0, unsealed(row.body), cursor) for row in own]
        return Batch(subscription, secrets, letters, own={row.event_id: row for row in own})
    if wanted.filter.requests_only:
        return None
    due = connection.execute(
        select(_delivery)
        .where(_delivery.c.subscription_id == subscription_id, _delivery.c.next_try_at <= now)
        .order_by(_delivery.c.next_try_at, _delivery.c.workflow_id)
        .limit(1 if is_trial else _DELAYED)
    ).all()
    if due:
        limit = 1 if is_trial else _PAGE // len(due)
        letters = [
            letter
            for row in due
            for letter in letters_of(
                connection,
                read_workflow(connection, row.workflow_id, row.number, cursor, wanted, limit),
                source,
                cursor,
            )
        ]
        return Batch(subscription, secrets, letters, {row.workflow_id: row for row in due})
    if cursor.position > horizon(connection):
        return Batch(subscription, secrets, (), is_lost=True)
    page = read_page(connection, cursor, wanted, 1 if is_trial else _PAGE)
    waiting = _waiting(connection, subscription_id, {row.workflow_id for row in page.rows})
    letters = [letter for letter in letters_of(connection, page.rows, source, cursor) if letter.lane not in waiting]
    if not page.rows and page.is_end and page.after.position - cursor.position < _BEHIND:
        return None
    return Batch(subscription, secrets, letters, after=page.after)


def _waiting(connection: Connection, subscription_id: str, workflow_ids: set[str]) -> set[str]:
    """Those of these workflows for which something already waits; the page's entries are sent after that."""
    if not workflow_ids:
        return set()
    found = select(_delivery.c.workflow_id).where(
        _delivery.c.subscription_id == subscription_id, _delivery.c.workflow_id.in_(workflow_ids)
    )
    return set(connection.execute(found).scalars())


def _due_events(connection: Connection, subscription_id: str, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """Due events for this subscriber only."""
    its_rows = (_outgoing.c.subscription_id == subscription_id, _outgoing.c.next_try_at <= now)
    found = select(_outgoing).where(*its_rows).order_by(_outgoing.c.next_try_at, _outgoing.c.event_id)
    return connection.execute(found.limit(limit)).all()
