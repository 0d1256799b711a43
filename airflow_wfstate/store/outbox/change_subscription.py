"""Changes that people make to subscriptions: one transaction each, whose first statement writes the row it locks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, select, update

from airflow_wfstate import conf
from airflow_wfstate.domain.messages.outbox.change_subscription import (
    MAX_SUBSCRIPTIONS,
    AddSubscription,
    ContinueSubscription,
    PauseSubscription,
    RemovedSubscription,
    RemoveSubscription,
    ReplaySubscription,
    RotateSecret,
    SubscriptionSecret,
)
from airflow_wfstate.domain.messages.outbox.subscription import (
    Subscription,
)
from airflow_wfstate.domain.rules.text.names import storable_text
from airflow_wfstate.domain.rules.webhooks.secret import new_webhook_secret
from airflow_wfstate.domain.rules.webhooks.url import check_webhook_url
from airflow_wfstate.exceptions import Conflict
from airflow_wfstate.store.database import outbox_tables
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.conflict_insert import conflict_insert
from airflow_wfstate.store.database.identity import new_id
from airflow_wfstate.store.database.transaction import Unchanged
from airflow_wfstate.store.outbox.read_subscription import (
    check_id,
    kept_filter,
    read_subscription,
    unknown_subscription,
)
from airflow_wfstate.store.outbox.signing_secret import kept_secret, secret_of
from airflow_wfstate.store.outbox.starting_point import cursor_at
from airflow_wfstate.webhooks.allowed_hosts import AllowedHosts

_subscription: Final = outbox_tables.subscription
_delivery: Final = outbox_tables.delivery
_outgoing: Final = outbox_tables.outgoing_event

MAX_REASON: Final = 1000
"""Characters of a reason that are stored."""


def add_subscription(
    connection: Connection, request: AddSubscription
) -> SubscriptionSecret | Unchanged[SubscriptionSecret]:
    """Add a subscription, as described at ``StateBackend.add_subscription``."""
    request.check()
    _check_reachable(request.url)
    secret = request.secret or new_webhook_secret()
    inserted = connection.execute(
        conflict_insert(connection.dialect.name, _subscription)
        .values(
            id=new_id(),
            name=request.name,
            url=request.url,
            wanted=kept_filter(request.wanted),
            secret=kept_secret(secret),
            replay=0,
            **_at(connection, request.start),
            failures=0,
            created_at=database_now(),
            created_by=storable_text(request.actor)[:MAX_REASON],
        )
        .on_conflict_do_nothing(index_elements=[_subscription.c.name])
        .returning(_subscription.c.id)
    ).scalar_one_or_none()
    if inserted is None:
        return Unchanged(_existing(connection, request))
    if connection.execute(select(func.count()).select_from(_subscription)).scalar_one() > MAX_SUBSCRIPTIONS:
        raise Conflict(
            f"There are already {MAX_SUBSCRIPTIONS} subscriptions, the maximum.",
            "Remove one with: airflow wfstate subscriptions remove NAME",
        )
    return SubscriptionSecret(read_subscription(connection, inserted), secret)


def pause_subscription(connection: Connection, request: PauseSubscription) -> Subscription:
    """Pause a subscription, as described at ``StateBackend.pause_subscription``."""
    because = f"Paused by {request.actor}." if not request.reason else f"Paused by {request.actor}: {request.reason}"
    row = _write(connection, request.subscription_id, paused=True, paused_because=storable_text(because)[:MAX_REASON])
    return read_subscription(connection, row.id)


def continue_subscription(connection: Connection, request: ContinueSubscription) -> Subscription:
    """Continue a subscription, as described at ``StateBackend.continue_subscription``."""
    row = _write(connection, request.subscription_id, paused=False, paused_because=None, failures=0, next_try_at=None)
    for table in (_delivery, _outgoing):
        its_rows = table.c.subscription_id == row.id
        connection.execute(update(table).where(its_rows).values(next_try_at=database_now(), attempts=0))
    return read_subscription(connection, row.id)


def replay_subscription(connection: Connection, request: ReplaySubscription) -> Subscription:
    """Set its cursor, as described at ``StateBackend.replay_subscription``. A paused subscription stays paused."""
    row = _write(
        connection,
        request.subscription_id,
        **_at(connection, request.start),
        replay=_subscription.c.replay + 1,
        failures=0,
        next_try_at=None,
        last_refused_at=None,
        last_status=None,
        last_answer=None,
    )
    connection.execute(delete(_delivery).where(_delivery.c.subscription_id == row.id))
    return read_subscription(connection, row.id)


def remove_subscription(connection: Connection, request: RemoveSubscription) -> RemovedSubscription:
    """Delete a subscription, as described at ``StateBackend.remove_subscription``."""
    row = _write(connection, request.subscription_id, paused=True)
    waiting = sum(
        connection.execute(delete(table).where(table.c.subscription_id == row.id)).rowcount
        for table in (_delivery, _outgoing)
    )
    connection.execute(delete(_subscription).where(_subscription.c.id == row.id))
    return RemovedSubscription(row.id, row.name, waiting)


def rotate_secret(connection: Connection, request: RotateSecret) -> SubscriptionSecret | Unchanged[SubscriptionSecret]:
    """Replace its secret, as described at ``StateBackend.rotate_secret``."""
    request.check()
    row = _write(connection, request.subscription_id, replay=_subscription.c.replay)
    secret = request.secret or new_webhook_secret()
    if secret_of(row.secret) == secret:
        return Unchanged(SubscriptionSecret(read_subscription(connection, row.id), secret))
    now: datetime = connection.execute(select(database_now())).scalar_one()
    is_kept = request.keep_seconds > 0
    _write(
        connection,
        row.id,
        secret=kept_secret(secret),
        previous_secret=row.secret if is_kept else None,
        previous_secret_until=now + timedelta(seconds=request.keep_seconds) if is_kept else None,
    )
    return SubscriptionSecret(read_subscription(connection, row.id), secret)


def _existing(connection: Connection, request: AddSubscription) -> SubscriptionSecret:
    """The subscription with this name, if it equals the requested one: the answer to the first request was lost.

    :raises Conflict: it differs.
    """
    row = connection.execute(select(_subscription).where(_subscription.c.name == request.name)).one()
    asked_for = (request.url, kept_filter(request.wanted), request.secret)
    secret = secret_of(row.secret)
    if (row.url, row.wanted, secret) != asked_for:
        raise Conflict(
            f"A subscription {request.name!r} already exists.",
            "Choose another name, or remove it first with: airflow wfstate subscriptions remove NAME",
        )
    return SubscriptionSecret(read_subscription(connection, row.id), secret)


def _write(connection: Connection, subscription_id: str, **values: Any) -> Row[Any]:
    """Write columns of the row, and return the row as it is afterwards.

    :raises NotFound: there is no subscription with this id.
    """
    its_row = update(_subscription).where(_subscription.c.id == check_id(subscription_id)).values(**values)
    row = connection.execute(its_row.returning(*_subscription.c)).one_or_none()
    if row is None:
        raise unknown_subscription(subscription_id)
    return row


def _at(connection: Connection, start: str) -> dict[str, object]:
    """The cursor columns for a starting point."""
    cursor, since = cursor_at(connection, start)
    return {**cursor.columns(), "since": since}


def _check_reachable(url: str) -> None:
    """Check what the address's text alone shows; everything else is checked on each connection.

    :raises InvalidRequest: webhooks may not reach it.
    """
    parts, allowed = check_webhook_url(url), AllowedHosts.parse(conf.webhook_hosts())
    host = parts.hostname or ""
    if not allowed.names_host(host):
        allowed.check_scheme(parts.scheme, host)
        allowed.check_literal(host)
