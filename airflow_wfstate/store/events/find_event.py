"""Find an event that has arrived, for a task that waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from airflow_wfstate.domain.rules.services.event_state import EventState
from airflow_wfstate.store.database import event_tables, schema
from airflow_wfstate.store.payloads.stored_payload import StoredPayload, stored_payload_of

_event, _workflow = event_tables.event, schema.workflow

_ACCEPTED: Final = (EventState.APPLIED.value, EventState.PARKED.value)


@dataclass(frozen=True)
class FoundEvent:
    """An accepted event: applied, or parked for a workflow that does not exist yet.

    :param workflow_id: None while it is parked.
    :param body: the whole event in its JSON form; its data is the member ``data`` or ``data_base64``.
    """

    source: str
    id: str
    type: str
    workflow_id: str | None
    received_at: datetime
    body: StoredPayload


def find_event(
    connection: Connection,
    event_type: str,
    *,
    workflow_id: str | None = None,
    correlation_id: str | None = None,
    name: str | None = None,
    key: str | None = None,
) -> FoundEvent | None:
    """The first event of a type about a workflow, the same one however often it is asked for; None when none came.

    One of these identifies the workflow:

    :param workflow_id: this generation.
    :param correlation_id: workflows with this correlation id, and parked events that carry it.
    :param name: with ``key``: every generation of the key, and events parked for it.
    """
    about: ColumnElement[bool]
    if workflow_id is not None:
        about = _event.c.workflow_id == workflow_id
    elif correlation_id is not None:
        about = _of(_workflow.c.correlation_id == correlation_id, _event.c.correlation_id == correlation_id)
    else:
        about = _of(
            and_(_workflow.c.name == name, _workflow.c.key == key), and_(_event.c.name == name, _event.c.key == key)
        )
    row = connection.execute(
        select(_event)
        .where(_event.c.type == event_type, about, _event.c.state.in_(_ACCEPTED))
        .order_by(_event.c.received_at, _event.c.source, _event.c.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    body = stored_payload_of(row.body, row.body_type, row.body_sha256)
    assert body is not None  # noqa: S101 - the columns are NOT NULL
    return FoundEvent(row.source, row.id, row.type, row.workflow_id, row.received_at, body)


def _of(workflow: ColumnElement[bool], parked: ColumnElement[bool]) -> ColumnElement[bool]:
    """Applied to one of these workflows, or parked for it: each half has its own index."""
    return or_(
        _event.c.workflow_id.in_(select(_workflow.c.id).where(workflow)),
        and_(_event.c.state == EventState.PARKED.value, parked),
    )
