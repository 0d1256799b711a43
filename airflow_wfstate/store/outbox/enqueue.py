"""Events that are not in the journal but meant for one subscriber only, such as a request to a service to undo a step.

They stay in ``wfstate_outgoing_event`` until the subscriber has accepted them. They are delivered like all others, with
the same signature and retry schedule, and are finally parked. They wait for nothing else of their workflow.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, select

from airflow_wfstate.encryption import sealed
from airflow_wfstate.store.database import outbox_tables
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.conflict_insert import conflict_insert

_outgoing: Final = outbox_tables.outgoing_event
_subscription: Final = outbox_tables.subscription


@dataclass(frozen=True)
class OutgoingEvent:
    """An event for one subscriber.

    :param id: the same however often it is sent; at most 500 ASCII characters, because it becomes a header.
    :param workflow_id: the workflow it is about.
    :param body: the CloudEvent as JSON. Stored encrypted when payloads are.
    """

    id: str
    workflow_id: str
    body: str


@dataclass(frozen=True)
class Recipient:
    """A subscription for which events are enqueued.

    :param paused_because: why nothing is sent to it for now; None unless it is paused.
    """

    id: str
    name: str
    paused_because: str | None


@dataclass(frozen=True)
class WaitingEvent:
    """An event that has not been accepted yet.

    :param attempts: how often it was sent.
    :param is_parked: whether it is not sent again until someone continues its subscription.
    :param last_status: HTTP status of the last refusal; None when there was no answer, or no attempt.
    :param last_answer: text of the last refusal; None when there was no attempt.
    """

    attempts: int
    is_parked: bool
    last_status: int | None
    last_answer: str | None


def find_recipient(connection: Connection, name: str) -> Recipient | None:
    """The subscription with this name; None when there is none."""
    found = select(_subscription.c.id, _subscription.c.paused, _subscription.c.paused_because)
    row = connection.execute(found.where(_subscription.c.name == name)).one_or_none()
    return None if row is None else Recipient(row.id, name, (row.paused_because or "") if row.paused else None)


def enqueue(connection: Connection, subscription_id: str, event: OutgoingEvent) -> None:
    """Enqueue an event, in the transaction of the change that it reports.

    If it is enqueued again it is sent again, with the same id: even while it waits or is parked, or after it was
    accepted.
    """
    again: dict[str, object] = {
        "body": sealed(event.body),
        "enqueued_at": database_now(),
        "attempts": 0,
        "next_try_at": database_now(),
        "last_status": None,
        "last_answer": None,
    }
    identity = {"subscription_id": subscription_id, "event_id": event.id}
    connection.execute(
        conflict_insert(connection.dialect.name, _outgoing)
        .values(**identity, workflow_id=event.workflow_id, **again)
        .on_conflict_do_update(index_elements=[_outgoing.c.subscription_id, _outgoing.c.event_id], set_=again)
    )


def find_waiting_event(connection: Connection, subscription_id: str, event_id: str) -> WaitingEvent | None:
    """An enqueued event that has not been accepted yet; None when there is none."""
    its_row = (_outgoing.c.subscription_id == subscription_id, _outgoing.c.event_id == event_id)
    row = connection.execute(select(_outgoing).where(*its_row)).one_or_none()
    if row is None:
        return None
    return WaitingEvent(row.attempts, row.next_try_at is None, row.last_status, row.last_answer)


def withdraw(connection: Connection, event_ids: Collection[str]) -> None:
    """Stop sending these events to any subscriber: what they ask for is settled. One being sent may still arrive."""
    of_all = _outgoing.c.subscription_id.in_(select(_subscription.c.id))  # lets the primary key find them
    connection.execute(delete(_outgoing).where(of_all, _outgoing.c.event_id.in_(event_ids)))
