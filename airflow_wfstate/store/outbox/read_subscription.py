"""Subscriptions as they are shown to users."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, case, func, select, union_all

from airflow_wfstate.domain.messages.outbox.subscription import (
    Answered,
    ListSubscriptions,
    ListWaitingDeliveries,
    Subscription,
    SubscriptionFilter,
    SubscriptionList,
    SubscriptionState,
    WaitingDeliveries,
    WaitingDelivery,
)
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.webhooks.delivery_schedule import AWAY_AFTER
from airflow_wfstate.exceptions import NotFound
from airflow_wfstate.store.database import outbox_tables, schema
from airflow_wfstate.store.database.clock import database_now

_subscription: Final = outbox_tables.subscription
_delivery: Final = outbox_tables.delivery
_outgoing: Final = outbox_tables.outgoing_event
_workflow: Final = schema.workflow

_SHOWN: Final = 200

_REFUSED: Final = union_all(
    select(_delivery.c.subscription_id, _delivery.c.next_try_at),
    select(_outgoing.c.subscription_id, _outgoing.c.next_try_at).where(_outgoing.c.attempts > 0),
).subquery()

_COUNTS: Final = (
    select(
        _REFUSED.c.subscription_id,
        func.count().label("waiting"),
        func.count(case((_REFUSED.c.next_try_at.is_(None), 1))).label("parked"),
    )
    .group_by(_REFUSED.c.subscription_id)
    .subquery()
)


def _subscriptions() -> Select[tuple[Any, ...]]:
    return select(
        _subscription,
        func.coalesce(_COUNTS.c.waiting, 0).label("waiting"),
        func.coalesce(_COUNTS.c.parked, 0).label("parked"),
        database_now().label("now"),
    ).outerjoin(_COUNTS, _COUNTS.c.subscription_id == _subscription.c.id)


def list_subscriptions(connection: Connection, request: ListSubscriptions) -> SubscriptionList:
    """All subscriptions, as described at ``StateBackend.list_subscriptions``."""
    rows = connection.execute(_subscriptions().order_by(_subscription.c.name))
    return SubscriptionList([_shown(row) for row in rows])


def read_subscription(connection: Connection, subscription_id: str) -> Subscription:
    """One subscription.

    :raises NotFound: there is none with this id.
    """
    canonical_id = check_id(subscription_id)
    row = connection.execute(_subscriptions().where(_subscription.c.id == canonical_id)).one_or_none()
    if row is None:
        raise unknown_subscription(subscription_id)
    return _shown(row)


def list_waiting_deliveries(connection: Connection, request: ListWaitingDeliveries) -> WaitingDeliveries:
    """The waiting deliveries, as described at ``StateBackend.list_waiting_deliveries``."""
    subscription = read_subscription(connection, request.subscription_id)
    requests = _waiting(connection, _outgoing, subscription.id, _outgoing.c.attempts > 0)
    delayed = _waiting(connection, _delivery, subscription.id)
    deliveries = [
        WaitingDelivery(
            workflow_id=row.workflow_id,
            name=row.name,
            key=row.key,
            number=0,
            attempts=row.attempts,
            since=row.enqueued_at,
            next_try_at=row.next_try_at,
            last_refusal=Answered(row.last_status, row.last_answer or ""),
            event_id=row.event_id,
        )
        for row in requests
    ]
    deliveries += [
        WaitingDelivery(
            workflow_id=row.workflow_id,
            name=row.name,
            key=row.key,
            number=row.number,
            attempts=row.attempts,
            since=row.since,
            next_try_at=row.next_try_at,
            last_refusal=Answered(row.last_status, row.last_answer),
            event_id=f"{row.workflow_id}:{row.number}",
        )
        for row in delayed
    ]
    deliveries.sort(key=lambda item: (item.next_try_at is not None, item.next_try_at or item.since, item.event_id))
    deliveries = deliveries[:_SHOWN]
    return WaitingDeliveries(deliveries, total=subscription.parked + subscription.retried)


def _waiting(
    connection: Connection, table: Table, subscription_id: str, *conditions: ColumnElement[bool]
) -> Sequence[Row[Any]]:
    """The first rows of a table of waiting deliveries: parked ones, then by their next attempt."""
    found = select(table, _workflow.c.name, _workflow.c.key).join(_workflow, _workflow.c.id == table.c.workflow_id)
    found = found.where(table.c.subscription_id == subscription_id, *conditions)
    order = (table.c.next_try_at.is_not(None), table.c.next_try_at, table.c.workflow_id)
    return connection.execute(found.order_by(*order).limit(_SHOWN)).all()


def filter_of(text: str) -> SubscriptionFilter:
    """The filter in a column."""
    kept = json.loads(text)
    return SubscriptionFilter(
        names=kept["names"],
        states=[WorkflowState(state) for state in kept["states"]],
        labels=kept["labels"],
        kinds=[EntryKind(kind) for kind in kept["kinds"]],
        requests_only=kept.get("requests_only", False),
    )


def kept_filter(wanted: SubscriptionFilter) -> str:
    """A filter as its column stores it: equal filters give equal texts."""
    kept = {
        "names": wanted.names,
        "states": [state.value for state in wanted.states],
        "labels": wanted.labels,
        "kinds": [kind.value for kind in wanted.kinds],
        # Filters stored before revision 0018 do not have it.
        **({"requests_only": True} if wanted.requests_only else {}),
    }
    return json.dumps(kept, ensure_ascii=True, separators=(",", ":"), sort_keys=True)


def check_id(subscription_id: str) -> str:
    """The id in its canonical form.

    :raises NotFound: it is not a UUID.
    """
    try:
        return str(UUID(subscription_id))
    except (ValueError, AttributeError, TypeError) as error:
        raise unknown_subscription(subscription_id) from error


def unknown_subscription(subscription_id: str) -> NotFound:
    """The error that says that the subscription does not exist."""
    return NotFound(
        f"There is no subscription with the id {str(subscription_id)[:80]!r}.",
        "List them with: airflow wfstate subscriptions list",
    )


def _shown(row: Row[Any]) -> Subscription:
    return Subscription(
        id=row.id,
        name=row.name,
        url=row.url,
        state=_state(row),
        wanted=filter_of(row.wanted),
        parked=row.parked,
        retried=row.waiting - row.parked,
        failures=row.failures,
        created_at=row.created_at,
        created_by=row.created_by,
        last_delivered_at=row.last_delivered_at,
        last_refused_at=row.last_refused_at,
        last_refusal=None if row.last_refused_at is None else Answered(row.last_status, row.last_answer or ""),
        paused_because=row.paused_because,
        next_try_at=None if row.paused else row.next_try_at,
        previous_secret_until=_later(row.previous_secret_until, row.now),
    )


def _state(row: Row[Any]) -> SubscriptionState:
    if row.paused:
        return SubscriptionState.PAUSED
    return SubscriptionState.UNAVAILABLE if row.failures >= AWAY_AFTER else SubscriptionState.ACTIVE


def _later(moment: datetime | None, now: datetime) -> datetime | None:
    return moment if moment is not None and moment > now else None
