"""Events as operators see them, and operators' decisions about waiting events."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, and_, func, literal, literal_column, or_, select, tuple_, update

from airflow_wfstate.domain.messages.event import (
    MOST_COUNTED,
    DecidedEvents,
    DropEvents,
    EventCounts,
    EventDetail,
    EventId,
    EventPage,
    EventSummary,
    GetEvent,
    GetWorkflowEvent,
    ListEvents,
    ReplayEvents,
)
from airflow_wfstate.domain.rules.page_limit import check_limit
from airflow_wfstate.domain.rules.services.cloud_event import MAX_EVENTS
from airflow_wfstate.domain.rules.services.event_state import UNSETTLED_EVENT_STATES, EventState
from airflow_wfstate.exceptions import EventNotFound, InvalidRequest
from airflow_wfstate.redaction import masked_text, recorded_text
from airflow_wfstate.store.database import event_tables, schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.transaction import Unchanged, run_read, run_transaction
from airflow_wfstate.store.definitions.applied import read_applied
from airflow_wfstate.store.definitions.content import read_definition
from airflow_wfstate.store.events.parked import COLUMNS, delivery_of
from airflow_wfstate.store.events.separation import apply_deliveries
from airflow_wfstate.store.payloads.shown_payload import shown
from airflow_wfstate.store.payloads.size import size_columns
from airflow_wfstate.store.payloads.stored_payload import size_by_head, stored_payload_of
from airflow_wfstate.store.workflows.id import check_exists, check_id

_event, _workflow = event_tables.event, schema.workflow

_ORDER: Final = (_event.c.received_at, _event.c.source, _event.c.id)
_MAX_REASON: Final = 1000
_UNSETTLED: Final = tuple(state.value for state in UNSETTLED_EVENT_STATES)


def list_events(connection: Connection, wanted: ListEvents) -> EventPage:
    """A page of events, as described at ``StateBackend.list_events``."""
    check_limit(wanted.limit)
    states = wanted.states or (list(EventState) if wanted.workflow_id is not None else list(UNSETTLED_EVENT_STATES))
    if EventState.APPLIED in states and wanted.workflow_id is None:
        raise InvalidRequest("Applied events can only be listed for a workflow.", "Give its id as workflow_id.")
    texts = {name: getattr(wanted, name) for name in ("name", "key", "correlation_id", "source", "type")}
    found = _select(connection).where(
        _event.c.state.in_([state.value for state in states]),
        *(_event.c[name] == text for name, text in texts.items() if text is not None),
    )
    if EventState.APPLIED not in states:
        found = found.where(_event.c.state != EventState.APPLIED.value)  # lets PostgreSQL use the index
    if wanted.workflow_id is not None:
        found = found.where(_event.c.workflow_id == check_id(wanted.workflow_id))
    if wanted.after is not None:
        found = found.where(_behind(wanted.after))
    rows = connection.execute(found.order_by(*_ORDER).limit(wanted.limit + 1)).all()
    page = rows[: wanted.limit]
    return EventPage([_summary(row) for row in page], _cursor(page[-1]) if len(rows) > wanted.limit else None)


def get_event(connection: Connection, wanted: GetEvent) -> EventDetail:
    """One event, as described at ``StateBackend.get_event``."""
    row = _read_whole(connection, wanted.source, wanted.id)
    if row is None:
        raise _not_found(EventId(wanted.source, wanted.id))
    return _detail(connection, row)


def get_workflow_event(connection: Connection, wanted: GetWorkflowEvent) -> EventDetail:
    """One event of a workflow, as described at ``StateBackend.get_workflow_event``."""
    workflow_id = check_exists(connection, wanted.workflow_id)
    row = _read_whole(connection, wanted.source, wanted.id)
    if row is None or row.workflow_id != workflow_id:
        raise EventNotFound(
            f"No event with source {wanted.source[:250]!r} and id {wanted.id[:250]!r} was applied to workflow "
            f"{workflow_id}.",
            f"List its events with: airflow wfstate event list --workflow {workflow_id}",
        )
    return _detail(connection, row)


def count_events(connection: Connection) -> EventCounts:
    """How many events wait, as described at ``StateBackend.count_events``. Each state has a partial index."""
    return EventCounts(_count(connection, EventState.PARKED), _count(connection, EventState.DEAD))


def _count(connection: Connection, state: EventState) -> int:
    # A constant, not a parameter, so that PostgreSQL can use the partial index.
    some = select(_event.c.source).where(_event.c.state == literal_column(f"'{state.value}'")).limit(MOST_COUNTED)
    count: int = connection.execute(select(func.count()).select_from(some.subquery())).scalar_one()
    return count


def _read_whole(connection: Connection, source: str, event_id: str) -> Row[Any] | None:
    row: Row[Any] | None = connection.execute(
        _select(connection, body=True).where(_event.c.source == source, _event.c.id == event_id)
    ).one_or_none()
    return row


def _detail(connection: Connection, row: Row[Any]) -> EventDetail:
    body = stored_payload_of(row.body, row.body_type, row.body_sha256)
    assert body is not None  # noqa: S101 - the columns are NOT NULL
    # Redaction paths refer to the data: a path that starts with $ starts there.
    paths = [f"$.data{path[1:]}" if path.startswith("$") else path for path in _redacted(connection, row)]
    return EventDetail(_summary(row), shown(body, paths))


def replay_events(engine: Engine, request: ReplayEvents) -> DecidedEvents:
    """Apply events again, as described at ``StateBackend.replay_events``."""
    before = run_read(engine, lambda connection: _read_named(connection, request.events))
    deliveries = [delivery_of(row) for row in before if row.state in _UNSETTLED]
    apply_deliveries(engine, deliveries)
    settled = run_read(engine, lambda connection: _summaries(connection, request.events))
    states = {(row.source, row.id): row.state for row in before}
    return DecidedEvents(settled, sum(states[event.source, event.id] != event.state.value for event in settled))


def drop_events(engine: Engine, request: DropEvents) -> DecidedEvents:
    """Drop events, as described at ``StateBackend.drop_events``."""
    return run_transaction(engine, lambda connection: _drop(connection, request))


def _drop(connection: Connection, request: DropEvents) -> DecidedEvents | Unchanged[DecidedEvents]:
    reason = recorded_text(request.reason, _MAX_REASON).strip()
    if not reason:
        raise InvalidRequest("Dropping events needs a reason.", "Say why; the reason is kept with each event.")
    _read_named(connection, request.events)
    changed = connection.execute(
        update(_event)
        .where(_named(request.events), _event.c.state.in_(_UNSETTLED))
        .values(
            state=EventState.DROPPED.value,
            reason=f"Dropped by {request.actor} ({request.way.value}): {reason}",
            changed_at=database_now(),
        )
    ).rowcount
    answer = DecidedEvents(_summaries(connection, request.events), changed)
    return answer if changed else Unchanged(answer)


def _read_named(connection: Connection, events: Sequence[EventId]) -> Sequence[Any]:
    """Read the events with these ids.

    :raises InvalidRequest: there are none, or more than 1000.
    :raises EventNotFound: one of the events does not exist.
    """
    if not 1 <= len(events) <= MAX_EVENTS:
        raise InvalidRequest(f"The request names {len(events)} events.", f"Name 1 to {MAX_EVENTS}.")
    rows = connection.execute(select(*COLUMNS).where(_named(events)).order_by(*_ORDER)).all()
    known = {EventId(row.source, row.id) for row in rows}
    missing = next((event for event in events if event not in known), None)
    if missing is not None:
        raise _not_found(missing)
    return rows


def _named(events: Sequence[EventId]) -> Any:
    return tuple_(_event.c.source, _event.c.id).in_([(event.source, event.id) for event in events])


def _summaries(connection: Connection, events: Sequence[EventId]) -> list[EventSummary]:
    found = {
        EventId(row.source, row.id): _summary(row)
        for row in connection.execute(_select(connection).where(_named(events)))
    }
    return [found[event] for event in dict.fromkeys(events)]


def _select(connection: Connection, *, body: bool = False) -> Any:
    columns = [column for column in _event.c if body or column.name != "body"]
    return select(*columns, *size_columns(connection, _event.c.body))


def _summary(row: Any) -> EventSummary:
    return EventSummary(
        source=row.source,
        id=row.id,
        type=row.type,
        state=EventState(row.state),
        reason=masked_text(row.reason),
        name=row.name,
        key=row.key,
        correlation_id=row.correlation_id,
        workflow_id=row.workflow_id,
        step_id=row.step_id,
        sender=row.sender,
        received_at=row.received_at,
        changed_at=row.changed_at,
        size=size_by_head(row.head, row.length),
        sha256=row.body_sha256,
    )


def _redacted(connection: Connection, row: Any) -> tuple[str, ...]:
    """The redacted paths in an event's data: those of its workflow's definition, else of the one in force."""
    if row.workflow_id is not None:
        workflow = connection.execute(
            select(_workflow.c.name, _workflow.c.definition_sha256).where(_workflow.c.id == row.workflow_id)
        ).one_or_none()
        if workflow is not None:
            return read_definition(connection, workflow.name, workflow.definition_sha256).redact
    applied = None if row.name is None else read_applied(connection, row.name)
    return () if applied is None else applied.definition.redact


def _not_found(event: EventId) -> EventNotFound:
    return EventNotFound(
        f"There is no event with source {event.source[:250]!r} and id {event.id[:250]!r}.",
        "List waiting events with: airflow wfstate event list",
    )


def _cursor(row: Any) -> str:
    text = json.dumps([row.received_at.isoformat(), row.source, row.id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _behind(cursor: str) -> Any:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        moment, source, event_id = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        at = datetime.fromisoformat(moment)
        if (
            at.tzinfo is None
            or not isinstance(source, str)
            or not isinstance(event_id, str)
            or "\x00" in source + event_id
        ):
            raise ValueError("not a position")
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidRequest(
            "The position was not issued by this server.", "Give next_after of the previous page, or leave it out."
        ) from error
    same_time = _event.c.received_at == at
    return or_(
        _event.c.received_at > at,
        and_(same_time, tuple_(_event.c.source, _event.c.id) > tuple_(literal(source), literal(event_id))),
    )
