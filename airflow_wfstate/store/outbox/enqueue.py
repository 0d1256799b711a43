"""Events that are not told of by the journal: to one subscriber alone, such as the request to a service to undo a step.

They stand in ``wfstate_outgoing_event`` until the subscriber has accepted them, and take the same way as all others:
with the same signature and the same schedule of attempts, and parked in the end. They wait for nothing else of their
workflow.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from airflow_wfstate.encryption import sealed
from airflow_wfstate.store.database import outbox_tables
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.conflict_insert import conflict_insert

_outgoing = outbox_tables.outgoing_event


@dataclass(frozen=True)
class OutgoingEvent:
    """An event for one subscriber.

    :param id: the same however often it is sent; at most 500 characters, all ASCII, for it becomes a header.
    :param workflow_id: that it is about.
    :param body: the CloudEvent, as JSON. Kept encrypted when payloads are.
    """

    id: str
    workflow_id: str
    body: str


def enqueue(connection: Connection, subscription_id: str, event: OutgoingEvent) -> bool:
    """Have an event sent, in the transaction of the change that it tells of; whether it did not wait there already.

    Enqueued again after it was accepted, it is sent again under the same id.
    """
    enqueued = connection.execute(
        conflict_insert(connection.dialect.name, _outgoing)
        .values(
            subscription_id=subscription_id,
            event_id=event.id,
            workflow_id=event.workflow_id,
            body=sealed(event.body),
            enqueued_at=database_now(),
            attempts=0,
            next_try_at=database_now(),
        )
        .on_conflict_do_nothing()
    )
    return enqueued.rowcount == 1
