"""Parked events that can now be applied.

When an event or an operator starts a workflow, the start applies the events that wait for it. An event parked while its
workflow is being started in another transaction is seen by neither of the two. So both check again after their commit,
and whichever commits last finds the other. The sweep checks as well, in case a process died in between, and for
workflows started by a step.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, bindparam, exists, or_, select

from airflow_wfstate.domain.rules.services.event_state import EventState
from airflow_wfstate.exceptions import WorkflowStateError
from airflow_wfstate.store.database import event_tables, schema
from airflow_wfstate.store.database.transaction import run_read
from airflow_wfstate.store.events.delivery import Delivery
from airflow_wfstate.store.events.parked import COLUMNS, delivery_of
from airflow_wfstate.store.events.separation import apply_deliveries

log = logging.getLogger(__name__)

_event, _workflow = event_tables.event, schema.workflow

_LIMIT: Final = 500

_WAITING: Final[Select[Any]] = select(*COLUMNS)

_HAS_WORKFLOW: Final = or_(
    and_(
        _event.c.correlation_id.is_(None),
        exists(select(_workflow.c.id).where(_workflow.c.name == _event.c.name, _workflow.c.key == _event.c.key)),
    ),
    exists(select(_workflow.c.id).where(_workflow.c.correlation_id == _event.c.correlation_id)),
)

_IS_PARKED: Final = _event.c.state == EventState.PARKED.value

# Built once: every start of a workflow and every parked event needs it.
_NOW_THERE: Final = _WAITING.where(
    _IS_PARKED,
    _event.c.source.in_(bindparam("sources", expanding=True)),
    _event.c.id.in_(bindparam("ids", expanding=True)),
    _HAS_WORKFLOW,
)


def _of_started(match: ColumnElement[bool]) -> Select[Any]:
    return _WAITING.join(_workflow, match).where(
        _IS_PARKED, _workflow.c.id.in_(bindparam("workflow_ids", expanding=True))
    )


_BY_KEY_OF_STARTED: Final = _of_started(
    and_(_event.c.correlation_id.is_(None), _event.c.name == _workflow.c.name, _event.c.key == _workflow.c.key)
)
_BY_CORRELATION_OF_STARTED: Final = _of_started(_event.c.correlation_id == _workflow.c.correlation_id)


def look_again(engine: Engine, deliveries: Sequence[Delivery]) -> None:
    """Apply what can be applied of the deliveries just parked, and what waits for workflows they started.

    The parked deliveries then hold their results. This includes a duplicate of a parked event: the process that first
    received it may have died before this check.
    """
    parked = {
        delivery.event.identity: delivery for delivery in deliveries if delivery.settled_state is EventState.PARKED
    }
    looked_for = {*parked, *(delivery.event.identity for delivery in deliveries if delivery.is_duplicate)}
    started = [delivery.started for delivery in deliveries if delivery.started is not None]
    if not looked_for and not started:
        return
    found = run_read(engine, partial(_read_waiting, identities=sorted(looked_for), workflow_ids=sorted(started)))
    apply_deliveries(engine, found)
    for delivery in found:
        first = parked.get(delivery.event.identity)
        if first is not None and delivery.settled is not None:
            first.settled = delivery.settled


def _read_waiting(
    connection: Connection, identities: Sequence[tuple[str, str]], workflow_ids: Sequence[str]
) -> list[Delivery]:
    found = {}
    if identities:
        sources, ids = (sorted(set(column)) for column in zip(*identities, strict=True))
        mine = set(identities)
        for row in connection.execute(_NOW_THERE, {"sources": sources, "ids": ids}):
            if (row.source, row.id) in mine:
                found[row.source, row.id] = row
    if workflow_ids:
        for of_started in (_BY_KEY_OF_STARTED, _BY_CORRELATION_OF_STARTED):
            rows = connection.execute(of_started, {"workflow_ids": workflow_ids})
            found |= {(row.source, row.id): row for row in rows}
    return [delivery_of(found[identity]) for identity in sorted(found)]


def apply_waiting(engine: Engine) -> int:
    """Apply the parked events whose workflow has started in the meantime; return how many."""
    applied = 0
    while True:
        deliveries = run_read(engine, _read_page)
        if not deliveries:
            return applied
        try:
            apply_deliveries(engine, deliveries)
        except WorkflowStateError:
            log.exception("Parked events could not be applied; the next pass retries.")
            return applied
        moved = sum(1 for delivery in deliveries if delivery.settled_state is EventState.APPLIED)
        applied += moved
        if not moved or len(deliveries) < _LIMIT:
            return applied


def _read_page(connection: Connection) -> list[Delivery]:
    page: Select[Any] = (
        _WAITING.where(_IS_PARKED, _HAS_WORKFLOW)
        .order_by(_event.c.received_at, _event.c.source, _event.c.id)
        .limit(_LIMIT)
    )
    return [delivery_of(row) for row in connection.execute(page)]
