"""Events that wait and could go on: looked for by the sweep, and replayed by operators.

A workflow takes with it what waits for it when an event or an operator starts it. What comes in at the same moment, and
what waits for a workflow that a step has started, is found here.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, and_, exists, or_, select

from airflow_wfstate.domain.rules.event_state import EventState
from airflow_wfstate.exceptions import WorkflowStateError
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.transaction import run_read
from airflow_wfstate.store.events.delivery import Delivery
from airflow_wfstate.store.events.parked import COLUMNS, delivery_of
from airflow_wfstate.store.events.receive import apply_deliveries

log = logging.getLogger(__name__)

_event, _workflow = schema.event, schema.workflow

_LIMIT: Final = 500

_HAS_WORKFLOW: Final = or_(
    and_(
        _event.c.correlation_id.is_(None),
        exists(select(_workflow.c.id).where(_workflow.c.name == _event.c.name, _workflow.c.key == _event.c.key)),
    ),
    exists(select(_workflow.c.id).where(_workflow.c.correlation_id == _event.c.correlation_id)),
)


def apply_waiting(engine: Engine) -> int:
    """Apply the parked events whose workflow has started meanwhile; how many."""
    applied = 0
    while True:
        deliveries = run_read(engine, _read_page)
        if not deliveries:
            return applied
        try:
            apply_deliveries(engine, deliveries, None)
        except WorkflowStateError:
            log.exception("Parked events could not be applied; the next pass tries again.")
            return applied
        moved = sum(1 for delivery in deliveries if _is_applied(delivery))
        applied += moved
        if not moved or len(deliveries) < _LIMIT:
            return applied


def _is_applied(delivery: Delivery) -> bool:
    return delivery.settled is not None and delivery.settled.state is EventState.APPLIED


def _read_page(connection: Connection) -> list[Delivery]:
    page: Select[Any] = (
        select(*COLUMNS)
        .where(_event.c.state == EventState.PARKED.value, _HAS_WORKFLOW)
        .order_by(_event.c.received_at, _event.c.source, _event.c.id)
        .limit(_LIMIT)
    )
    return [delivery_of(row) for row in connection.execute(page)]
