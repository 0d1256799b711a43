"""Subscriptions as people see them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, Select, case, func, select

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
_workflow: Final = schema.workflow

_SHOWN: Final = 200

_COUNTS: Final = (
    select(
        _delivery.c.subscription_id,
        func.count().label("waiting"),
        func.count(case((_delivery.c.next_try_at.is_(None), 1))).label("parked"),
    )
    .group_by(_delivery.c.subscription_id)
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
    """All of them, as ``StateBackend.list_subscriptions`` says."""
    rows = connection.execute(_subscriptions().order_by(_subscription.c.name))
    return SubscriptionList([_shown(row) for row in rows])


def read_subscription(connection: Connection, subscription_id: str) -> Subscription:
    """One of them.

    :raises NotFound: there is none with this id.
    """
    canonical_id = check_id(subscription_id)
    row = connection.execute(_subscriptions().where(_subscription.c.id == canonical_id)).one_or_none()
    if row is None:
        raise unknown_subscription(subscription_id)
    return _shown(row)


def list_waiting_deliveries(connection: Connection, request: ListWaitingDeliveries) -> WaitingDeliveries:
    """What waits, as ``StateBackend.list_waiting_deliveries`` says."""
    subscription = read_subscription(connection, request.subscription_id)
    rows = connection.execute(
        select(_delivery, _workflow.c.name, _workflow.c.key)
        .join(_workflow, _workflow.c.id == _delivery.c.workflow_id)
        .where(_delivery.c.subscription_id == subscription.id)
        .order_by(_delivery.c.next_try_at.is_not(None), _delivery.c.next_try_at, _delivery.c.workflow_id)
        .limit(_SHOWN)
    )
    deliveries = [
        WaitingDelivery(
            workflow_id=row.workflow_id,
            name=row.name,
            key=row.key,
            number=row.number,
            attempts=row.attempts,
            since=row.since,
            next_try_at=row.next_try_at,
            last_refusal=Answered(row.last_status, row.last_answer),
        )
        for row in rows
    ]
    return WaitingDeliveries(deliveries, total=subscription.parked + subscription.retried)


def filter_of(text: str) -> SubscriptionFilter:
    """The filter that a column holds."""
    kept = json.loads(text)
    return SubscriptionFilter(
        names=kept["names"],
        states=[WorkflowState(state) for state in kept["states"]],
        labels=kept["labels"],
        kinds=[EntryKind(kind) for kind in kept["kinds"]],
        requests_only=kept.get("requests_only", False),
    )


def kept_filter(wanted: SubscriptionFilter) -> str:
    """A filter as its column holds it: equal ones give equal texts."""
    kept = {
        "names": wanted.names,
        "states": [state.value for state in wanted.states],
        "labels": wanted.labels,
        "kinds": [kind.value for kind in wanted.kinds],
        # Those of before revision 0018 do not have it.
        **({"requests_only": True} if wanted.requests_only else {}),
    }
    return json.dumps(kept, ensure_ascii=True, separators=(",", ":"), sort_keys=True)


def check_id(subscription_id: str) -> str:
    """The id in its canonical form.

    :raises NotFound: it is no UUID.
    """
    try:
        return str(UUID(subscription_id))
    except (ValueError, AttributeError, TypeError) as error:
        raise unknown_subscription(subscription_id) from error


def unknown_subscription(subscription_id: str) -> NotFound:
    """The error that there is no such subscription."""
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
