"""Events whose workflow did not exist yet when they arrived; they are read when it starts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final, cast

from sqlalchemy import Connection, Row, Select, and_, bindparam, or_, select

from airflow_wfstate.domain.rules.payload import parse_canonical_json
from airflow_wfstate.domain.rules.services.cloud_event import CloudEvent, parse_event
from airflow_wfstate.domain.rules.services.event_state import EventState
from airflow_wfstate.store.database import event_tables
from airflow_wfstate.store.events.delivery import Address, Delivery
from airflow_wfstate.store.payloads.stored_payload import opened
from airflow_wfstate.store.workflows.change import Change

_event: Final = event_tables.event

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

# One statement per workflow name: pairs of name and key for a thousand workflows would be a thousand conditions to
# build and plan, a tenth of the time of the whole batch.
_WAITING: Final = (
    select(*COLUMNS)
    .where(
        _event.c.state == EventState.PARKED.value,
        or_(
            and_(
                _event.c.correlation_id.is_(None),
                _event.c.name == bindparam("name"),
                _event.c.key.in_(bindparam("keys", expanding=True)),
            ),
            _event.c.correlation_id.in_(bindparam("correlation_ids", expanding=True)),
        ),
    )
    .order_by(_event.c.source, _event.c.id)
)


def read_parked(connection: Connection, workflows: Sequence[Change]) -> dict[str, list[Delivery]]:
    """The events that wait for workflows that have just started, by workflow id.

    Leaves out events that another transaction is working on.
    """
    found: dict[str, list[Delivery]] = defaultdict(list)
    by_name: dict[str, list[Change]] = defaultdict(list)
    for workflow in workflows:
        by_name[workflow.name].append(workflow)
    of_correlation = {workflow.correlation_id: workflow.workflow_id for workflow in workflows}
    for name, of_name in sorted(by_name.items()):
        by_key = {workflow.key: workflow.workflow_id for workflow in of_name}
        ids = {workflow.workflow_id for workflow in of_name}
        by_correlation = {key: workflow_id for key, workflow_id in of_correlation.items() if workflow_id in ids}
        asked = {"name": name, "keys": sorted(by_key), "correlation_ids": sorted(by_correlation)}
        for row in connection.execute(locked(connection, _WAITING), asked):
            workflow_id = by_key[row.key] if row.correlation_id is None else by_correlation[row.correlation_id]
            found[workflow_id].append(delivery_of(row))
    return found


def locked(connection: Connection, events: Select[Any]) -> Select[Any]:
    """The rows, locked, without those that another transaction has locked. SQLite has only one writer."""
    return events.with_for_update(skip_locked=True) if connection.dialect.name == "postgresql" else events


def delivery_of(row: Row[Any]) -> Delivery:
    """The delivery of a stored event, with the address determined when it arrived."""
    keys = ((row.name, row.key),) if row.name is not None else ()
    names = frozenset({row.name} if row.name is not None else ())
    address = Address(keys, None, names, row.correlation_id)
    return Delivery(event_of(row), row.sender, address=address, waits_since=row.received_at, was=EventState(row.state))


def event_of(row: Row[Any]) -> CloudEvent:
    """The event of a row. Raises the errors of ``StoredPayload.open``."""
    return parse_event(cast("Any", parse_canonical_json(opened(row.body))))
