"""Apply events in one transaction, each once.

Locks are taken in a fixed order, so that senders of overlapping batches never deadlock: first new workflows by name and
key, then workflows by id, then the events' own rows by source and id. A batch reads and writes with a few statements,
however many events it has; the events themselves are applied in memory.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, delete, false, select, tuple_
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from airflow_wfstate.domain.messages.event import Sender
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.services.event_state import UNSETTLED_EVENT_STATES, EventState
from airflow_wfstate.exceptions import IdempotencyConflict, WorkflowStateError
from airflow_wfstate.store.database import event_tables
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.outage import is_cut_off
from airflow_wfstate.store.database.row_batch import insert_rows, update_rows
from airflow_wfstate.store.database.transaction import Contention, Unchanged
from airflow_wfstate.store.definitions.applied import AppliedDefinition, read_choreographies
from airflow_wfstate.store.definitions.content import read_definition
from airflow_wfstate.store.events.address import address_of
from airflow_wfstate.store.events.answer import MAY_ANSWER
from airflow_wfstate.store.events.application import apply_event
from airflow_wfstate.store.events.correlation import Correlated, StartedByEvent, correlate
from airflow_wfstate.store.events.delivery import Delivery, Settled, journaled
from airflow_wfstate.store.events.end_of_choreography import end_workflows
from airflow_wfstate.store.events.open_workflow import OpenWorkflow
from airflow_wfstate.store.events.parked import locked, read_parked
from airflow_wfstate.store.events.service_steps import ServiceSteps
from airflow_wfstate.store.events.service_undos import ServiceUndos
from airflow_wfstate.store.events.undoing import continue_compensations
from airflow_wfstate.store.payloads.checks import described
from airflow_wfstate.store.payloads.stored_payload import keep_inline
from airflow_wfstate.store.workflows.change import Change
from airflow_wfstate.store.workflows.gathered_change import GatheredChange, lock_workflows, write_changes

log = logging.getLogger(__name__)

_event: Final[Table] = event_tables.event

_WAITS: Final = "Its workflow has not started yet."


def apply_batch(
    connection: Connection, deliveries: Sequence[Delivery]
) -> Sequence[Delivery] | Unchanged[Sequence[Delivery]]:
    """Apply the events of some deliveries, or park them; each delivery then holds its result.

    :param deliveries: no two of the same event; those that are already stored have ``waits_since``.
    :raises Contention: another transaction has received one of the events in the meantime; run this one again.
    """
    for delivery in deliveries:
        delivery.reset()
    _begin(connection)
    _find_duplicates(connection, [delivery for delivery in deliveries if delivery.waits_since is None])
    _claim(connection, [delivery for delivery in deliveries if delivery.waits_since is not None])
    definitions = read_choreographies(connection)
    for delivery in deliveries:
        if delivery.is_open:
            _address(delivery, definitions)
    correlated = correlate(connection, [delivery for delivery in deliveries if delivery.is_open])
    changes = lock_workflows(connection, correlated.by_workflow.keys())
    now = next((change.now for change in changes.values()), None)
    parked = read_parked(connection, [changes[workflow_id] for workflow_id in correlated.started])
    for workflow_id, found in parked.items():
        correlated.by_workflow[workflow_id] += found
    workflows, steps = _apply(connection, correlated, changes, definitions)
    for delivery in correlated.missing:
        delivery.settled = Settled(EventState.PARKED, _WAITS)
    taken = [*deliveries, *(delivery for found in parked.values() for delivery in found)]
    settled = [delivery for delivery in taken if delivery.settled is not None]
    _write(connection, settled, now or connection.execute(select(database_now())).scalar_one())
    end_workflows(connection, workflows, steps)
    continue_compensations(connection, workflows)
    write_changes(connection, changes.values())
    return deliveries if any(delivery.settled is not None for delivery in deliveries) else Unchanged(deliveries)


def apply_parked(connection: Connection, workflow: Change) -> None:
    """Apply the events that wait for a workflow just started by a DAG, in the transaction of its start.

    If that fails they keep waiting and the next sweep retries: no event may keep a workflow from starting.
    """
    try:
        with connection.begin_nested():
            parked = read_parked(connection, [workflow])
            if not parked:
                return
            changes = lock_workflows(connection, parked.keys())
            definitions = read_choreographies(connection)
            workflows, steps = _apply(connection, Correlated(by_workflow=parked), changes, definitions)
            settled = [delivery for delivery in parked[workflow.workflow_id] if delivery.settled is not None]
            _write(connection, settled, changes[workflow.workflow_id].now)
            end_workflows(connection, workflows, steps)
            continue_compensations(connection, workflows)
            write_changes(connection, changes.values())
    except (WorkflowStateError, SQLAlchemyError) as error:
        if is_cut_off(error) or isinstance(error, OperationalError):
            raise  # the whole start must be retried
        log.exception("Parked events could not be applied to workflow %s when it started.", workflow.workflow_id)


_ACCEPTED: Final = Sender("")
"""Stands for the sender of an event that was already accepted."""


# By both columns, for which there is an index; a thousand pairs would be a thousand conditions to plan. Built once,
# like everything that each request needs: building a statement costs as much as sending it.
_KNOWN: Final = select(_event.c.source, _event.c.id, _event.c.body_sha256).where(
    _event.c.source.in_(bindparam("sources", expanding=True)), _event.c.id.in_(bindparam("ids", expanding=True))
)


def _begin(connection: Connection) -> None:
    """Become the writer at once on SQLite, where a transaction that reads first and writes later may be refused."""
    if connection.dialect.name == "sqlite":
        connection.execute(delete(_event).where(false()))


def _find_duplicates(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    by_identity = {delivery.event.identity: delivery for delivery in deliveries}
    if not by_identity:
        return
    sources, ids = (sorted(set(column)) for column in zip(*by_identity, strict=True))
    for row in connection.execute(_KNOWN, {"sources": sources, "ids": ids}):
        delivery = by_identity.get((row.source, row.id))
        if delivery is None:
            continue
        if row.body_sha256 == delivery.event.body.sha256:
            delivery.is_duplicate = True
        else:
            delivery.refusal = IdempotencyConflict(
                f"Another event with source {row.source!r} and id {row.id!r} was received before.",
                "Give each event its own id; send the same event again unchanged.",
            )


def _claim(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Lock the rows of waiting events. Leave out those that another transaction has locked or settled."""
    if not deliveries:
        return
    waiting = select(_event.c.source, _event.c.id).where(
        tuple_(_event.c.source, _event.c.id).in_([delivery.event.identity for delivery in deliveries]),
        _event.c.state.in_([state.value for state in UNSETTLED_EVENT_STATES]),
    )
    rows = connection.execute(locked(connection, waiting.order_by(_event.c.source, _event.c.id)))
    claimed = {(row.source, row.id) for row in rows}
    for delivery in deliveries:
        delivery.is_duplicate = delivery.event.identity not in claimed


def _address(delivery: Delivery, definitions: Sequence[AppliedDefinition]) -> None:
    try:
        delivery.address = address_of(delivery.event, delivery.sender or _ACCEPTED, definitions)
    except WorkflowStateError as error:
        delivery.refuse(error)


def _apply(
    connection: Connection,
    correlated: Correlated,
    changes: dict[str, GatheredChange],
    definitions: Sequence[AppliedDefinition],
) -> tuple[list[OpenWorkflow], ServiceSteps]:
    in_force = {applied.name: applied.definition for applied in definitions}
    workflows: list[OpenWorkflow] = []
    for workflow_id in correlated.by_workflow:
        change = changes[workflow_id]
        definition = read_definition(connection, change.name, change.definition_sha256)
        # A workflow started before its definition was applied has no services of its own.
        choreography = definition.choreography or in_force[change.name].choreography
        assert choreography is not None  # noqa: S101 - the definition in force knows the event's source
        workflows.append(OpenWorkflow(change, definition, choreography, change.state))
    services = {service.name for workflow in workflows for service in workflow.choreography.services}
    steps = ServiceSteps(connection, correlated.by_workflow.keys(), services)
    undos = ServiceUndos(connection, _steps_undone(correlated, workflows, steps))
    for workflow in workflows:
        workflow_id = workflow.change.workflow_id
        started = correlated.started.get(workflow_id)
        if started is not None:
            started.delivery.started = workflow_id
            _journal_start(workflow.change, started)
        for delivery in in_order(correlated.by_workflow[workflow_id]):
            # An event that waits by correlation id may come from a service of workflows with another name.
            if delivery.was is None or workflow.choreography.service_of(delivery.event.source) is not None:
                apply_event(workflow, steps, undos, delivery)
    steps.write()
    undos.write()
    return workflows, steps


def _steps_undone(correlated: Correlated, workflows: Sequence[OpenWorkflow], steps: ServiceSteps) -> set[str]:
    """The ids of the steps for which an event may say how their compensation ended."""
    found: set[str] = set()
    for workflow in workflows:
        for delivery in correlated.by_workflow[workflow.change.workflow_id]:
            meant = workflow.choreography.meaning_of(delivery.event.source, delivery.event.type)
            if meant is not None and meant[1].meaning in MAY_ANSWER:
                service, said = meant
                step_id = steps.id_of((workflow.change.workflow_id, service.name, said.step))
                found |= set() if step_id is None else {step_id}
    return found


def in_order(deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
    """The deliveries of a workflow in the order of their times, if all have one; otherwise as they arrived."""
    if len(deliveries) < 2 or any(delivery.event.time is None for delivery in deliveries):
        return deliveries
    return sorted(deliveries, key=lambda delivery: delivery.event.time or NEVER)


NEVER: Final = datetime.min.replace(tzinfo=timezone.utc)


def _journal_start(change: GatheredChange, started: StartedByEvent) -> None:
    change.actor = started.delivery.actor
    data: dict[str, JsonValue] = {
        "name": change.name,
        "key": change.key,
        "generation": change.generation,
        "input": described(started.input),
        "labels": {},
        "implicit": False,
        "definition_sha256": started.definition_sha256,
        "event": journaled(started.delivery.event),
    }
    change.journal(EntryKind.WORKFLOW_STARTED, data=data)


def _write(connection: Connection, deliveries: Sequence[Delivery], now: datetime) -> None:
    """Write the events' own rows, always in the same order."""
    ordered = sorted(deliveries, key=lambda delivery: delivery.event.identity)
    new = [_row(delivery, now) for delivery in ordered if delivery.waits_since is None]
    # An event that stays parked keeps its time.
    known = [_settled_columns(one, now) for one in ordered if one.was is not None and one.was is not one.settled_state]
    if new and len(insert_rows(connection, _event, new, returning=["id"])) < len(new):
        raise Contention("an event was received by another request at the same moment")
    if known:
        update_rows(connection, _event, known)


def _row(delivery: Delivery, now: datetime) -> dict[str, Any]:
    event = delivery.event
    return {
        **_settled_columns(delivery, now),
        "type": event.type,
        **keep_inline(event.body).columns("body"),
        "sender": delivery.actor,
        "received_at": now,
    }


def _settled_columns(delivery: Delivery, now: datetime) -> dict[str, Any]:
    settled, address = delivery.settled, delivery.address
    assert settled is not None  # noqa: S101 - only such deliveries are written
    name, key = (address.key if address is not None else None) or (None, None)
    return {
        "source": delivery.event.source,
        "id": delivery.event.id,
        "state": settled.state.value,
        "reason": settled.reason,
        "name": name,
        "key": key,
        "correlation_id": delivery.event.correlation_id,
        "workflow_id": settled.workflow_id,
        "step_id": settled.step_id,
        "changed_at": now,
    }
