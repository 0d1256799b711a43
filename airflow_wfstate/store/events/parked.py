"""Events whose workflow was not there yet: read when it starts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select

from airflow_wfstate.domain.rules.payload import parse_canonical_json
from airflow_wfstate.domain.rules.services.cloud_event import CloudEvent, parse_event
from airflow_wfstate.domain.rules.services.event_state import EventState
from airflow_wfstate.store.database import event_tables
from airflow_wfstate.store.events.delivery import Address, Delivery
from airflow_wfstate.store.payloads.stored_payload import opened
from airflow_wfstate.store.workflows.change import Change

_event: Final = event_tables.event

_CHUNK: Final = 200
"""Workflows that one statement asks about."""

COLUMNS: Final = (
    _event.c.source,
    _event.c.id,
    _event.c.name,
    _event.c.key,
    _event.c.correlation_id,
    _event.c.body,
    _event.c.sender,
    _event.c.received_at,
    _event.c.state,
)


def read_parked(connection: Connection, workflows: Sequence[Change]) -> dict[str, list[Delivery]]:
    """The events that wait for some workflows, which have just started, by the workflow's id.

    One that another transaction is working on is left to that one.
    """
    found: dict[str, list[Delivery]] = defaultdict(list)
    by_key = {(workflow.name, workflow.key): workflow.workflow_id for workflow in workflows}
    by_correlation = {workflow.correlation_id: workflow.workflow_id for workflow in workflows}
    for start in range(0, len(workflows), _CHUNK):
        asked = [_waits_for(workflow) for workflow in workflows[start : start + _CHUNK]]
        waiting = select(*COLUMNS).where(_event.c.state == EventState.PARKED.value, or_(*asked))
        for row in connection.execute(locked(connection, waiting.order_by(_event.c.source, _event.c.id))):
            workflow_id = (
                by_correlation.get(row.correlation_id)
                if row.correlation_id is not None
                else by_key.get((row.name, row.key))
            )
            if workflow_id is not None:
                found[workflow_id].append(delivery_of(row))
    return found


def locked(connection: Connection, events: Select[Any]) -> Select[Any]:
    """The rows, locked; without those that another transaction has locked. On SQLite there is one writer alone."""
    return events.with_for_update(skip_locked=True) if connection.dialect.name == "postgresql" else events


def delivery_of(row: Row[Any]) -> Delivery:
    """The delivery of an event that was stored before, with the address that it had then."""
    keys = ((row.name, row.key),) if row.name is not None else ()
    names = frozenset({row.name} if row.name is not None else ())
    address = Address(keys, None, names, row.correlation_id)
    return Delivery(event_of(row), row.sender, address, waits_since=row.received_at, was=EventState(row.state))


def event_of(row: Row[Any]) -> CloudEvent:
    """The event of a row. Raises as ``StoredPayload.open``."""
    return parse_event(cast("Any", parse_canonical_json(opened(row.body))))


def _waits_for(workflow: Change) -> ColumnElement[bool]:
    """Of an event that is parked: it waits for this workflow."""
    return or_(
        and_(_event.c.correlation_id.is_(None), _event.c.name == workflow.name, _event.c.key == workflow.key),
        _event.c.correlation_id == workflow.correlation_id,
    )
