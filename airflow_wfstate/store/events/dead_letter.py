"""Events that could not be applied or waited too long: kept for an operator."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Engine, select, update

from airflow_wfstate import conf
from airflow_wfstate.domain.messages.step import MAX_ERROR_LENGTH
from airflow_wfstate.domain.rules.services.event_state import EventState
from airflow_wfstate.redaction import recorded_text
from airflow_wfstate.store.database import event_tables
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.row_batch import insert_rows
from airflow_wfstate.store.database.transaction import Unchanged, run_transaction
from airflow_wfstate.store.events.delivery import Delivery, Settled
from airflow_wfstate.store.payloads.stored_payload import keep_inline

_event: Final = event_tables.event

_EXPIRED: Final = "It waited longer than [wfstate] event_ttl_seconds for its workflow, which has not started."


def store_dead_letter(connection: Connection, delivery: Delivery, error: Exception) -> None:
    """Keep an event that could not be applied, with the reason."""
    line = (str(error).splitlines() or [""])[0]
    reason = recorded_text(f"It could not be applied: {type(error).__name__}: {line}", MAX_ERROR_LENGTH)
    event, address = delivery.event, delivery.address
    name, key = (address.key if address is not None else None) or (None, None)
    now = connection.execute(select(database_now())).scalar_one()
    values = {"state": EventState.DEAD.value, "reason": reason, "changed_at": now}
    inserted = insert_rows(
        connection,
        _event,
        [
            {
                **values,
                "source": event.source,
                "id": event.id,
                "type": event.type,
                "name": name,
                "key": key,
                "correlation_id": event.correlation_id,
                **keep_inline(event.body).columns("body"),
                "sender": delivery.actor,
                "received_at": now,
            }
        ],
        returning=["id"],
    )
    if not inserted:
        its_row = (_event.c.source == event.source, _event.c.id == event.id)
        connection.execute(update(_event).where(*its_row, _event.c.state != EventState.APPLIED.value).values(values))
    delivery.settled = Settled(EventState.DEAD, reason)


def expire_parked(engine: Engine) -> int:
    """Turn events parked for longer than ``[wfstate] event_ttl_seconds`` into dead letters; return how many."""
    return run_transaction(engine, _expire)


def _expire(connection: Connection) -> int | Unchanged[int]:
    now = connection.execute(select(database_now())).scalar_one()
    expired = connection.execute(
        update(_event)
        .where(_event.c.state == EventState.PARKED.value, _event.c.changed_at <= now - conf.event_ttl())
        .values(state=EventState.DEAD.value, reason=_EXPIRED, changed_at=now)
    ).rowcount
    return expired or Unchanged(0)
