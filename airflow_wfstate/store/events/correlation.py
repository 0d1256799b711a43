"""The workflows that events are about: found, or started by an event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import FINAL_WORKFLOW_STATES, OPEN_WORKFLOW_STATES, WorkflowState
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.identity import new_id, new_secret
from airflow_wfstate.store.database.row_batch import insert_rows
from airflow_wfstate.store.events.delivery import Address, Delivery
from airflow_wfstate.store.payloads.stored_payload import StoredPayload, keep_inline

_workflow: Final = schema.workflow
_step: Final = schema.step

NameAndKey = tuple[str, str]


@dataclass
class StartedByEvent:
    """A workflow that an event has started in this transaction.

    :param input: the event's data.
    """

    delivery: Delivery
    input: StoredPayload
    definition_sha256: str


@dataclass
class Correlated:
    """Which delivery is about which workflow.

    :param by_workflow: deliveries by workflow id, in the order in which they arrived.
    :param missing: those whose workflow does not exist yet.
    :param started: the workflows that were started, by id.
    """

    by_workflow: dict[str, list[Delivery]] = field(default_factory=lambda: defaultdict(list))
    missing: list[Delivery] = field(default_factory=list)
    started: dict[str, StartedByEvent] = field(default_factory=dict)


def correlate(connection: Connection, deliveries: Sequence[Delivery]) -> Correlated:
    """Find the workflow of each delivery, and start the workflows that are to be started."""
    correlated = Correlated()
    found = _Workflows(connection, deliveries)
    starts = _starts(found, deliveries)
    if starts:
        correlated.started = _start(connection, starts)
        found = _Workflows(connection, deliveries)
    for delivery in deliveries:
        try:
            workflow_id = found.of(_address(delivery))
        except InvalidRequest as error:
            delivery.refuse(error)
            continue
        if workflow_id is None:
            correlated.missing.append(delivery)
        else:
            correlated.by_workflow[workflow_id].append(delivery)
    return correlated


def _address(delivery: Delivery) -> Address:
    assert delivery.address is not None  # noqa: S101 - every delivery that gets here has been addressed
    return delivery.address


class _Workflows:
    """The existing workflows that addresses may refer to."""

    def __init__(self, connection: Connection, deliveries: Sequence[Delivery]) -> None:
        addresses = [_address(delivery) for delivery in deliveries]
        correlation_ids = {address.correlation_id for address in addresses if address.correlation_id is not None}
        keys: dict[str, set[str]] = defaultdict(set)
        for address in addresses:
            if address.correlation_id is None or address.starts is not None:
                for name, key in address.keys:
                    keys[name].add(key)
        answered = {address.answers for address in addresses if address.answers is not None}
        self._by_step: dict[str, Any] = {}
        if answered:
            for row in connection.execute(_BY_STEP, {"step_ids": sorted(answered)}):
                self._by_step[row.step_id] = row
        self._by_correlation: dict[str, list[Any]] = defaultdict(list)
        self._by_key: dict[NameAndKey, list[Any]] = defaultdict(list)
        if correlation_ids:
            for row in connection.execute(_BY_CORRELATION, {"correlation_ids": sorted(correlation_ids)}):
                self._by_correlation[row.correlation_id].append(row)
        for name, of_name in sorted(keys.items()):
            # One query per name: pairs of name and key would be a thousand conditions for PostgreSQL to plan.
            for row in connection.execute(_BY_KEY, {"name": name, "keys": sorted(of_name)}):
                self._by_key[row.name, row.key].append(row)

    def of(self, address: Address) -> str | None:
        """The workflow's id; None when it does not exist yet.

        An answer to a request belongs to the workflow of that request. Otherwise, of several workflows with the
        correlation id take the open one, else the newest; for a key take the newest generation.

        :raises InvalidRequest: the event may refer to workflows of several names.
        """
        asked = None if address.answers is None else self._by_step.get(address.answers)
        if asked is not None and address.starts is None and asked.name in address.names:
            return str(asked.id)
        if address.correlation_id is not None:
            named = [row for row in self._by_correlation[address.correlation_id] if row.name in address.names]
            if named or address.starts is None:
                return _most_likely(named)
        if address.starts is not None:
            started = next((pair for pair in address.keys if pair[0] == address.starts.name), None)
            newest = None if started is None else self.newest(started)
            return None if newest is None else str(newest.id)
        found = [row for pair in address.keys if (row := self.newest(pair)) is not None]
        is_open = [row for row in found if WorkflowState(row.state) in OPEN_WORKFLOW_STATES]
        if len(is_open or found) > 1 or (not found and len(address.keys) > 1):
            raise InvalidRequest(
                f"The event may be about a workflow with any of these names: "
                f"{', '.join(sorted(name for name, _ in address.keys))}.",
                "Send the correlationid of the right one.",
            )
        return _most_likely(is_open or found)

    def newest(self, pair: NameAndKey) -> Any | None:
        """The newest generation of a key; None when there is none."""
        return max(self._by_key[pair], key=lambda row: row.generation, default=None)


_FOUND: Final = select(
    _workflow.c.id,
    _workflow.c.name,
    _workflow.c.key,
    _workflow.c.generation,
    _workflow.c.correlation_id,
    _workflow.c.state,
    _workflow.c.started_at,
)


_BY_CORRELATION: Final = _FOUND.where(_workflow.c.correlation_id.in_(bindparam("correlation_ids", expanding=True)))
_BY_STEP: Final = (
    _FOUND.add_columns(_step.c.id.label("step_id"))
    .join(_step, _step.c.workflow_id == _workflow.c.id)
    .where(_step.c.id.in_(bindparam("step_ids", expanding=True)))
)
_BY_KEY: Final = _FOUND.where(
    _workflow.c.name == bindparam("name"), _workflow.c.key.in_(bindparam("keys", expanding=True))
)


def _most_likely(rows: Iterable[Any]) -> str | None:
    ranked = sorted(rows, key=lambda row: (WorkflowState(row.state) in OPEN_WORKFLOW_STATES, row.started_at, row.id))
    return ranked[-1].id if ranked else None


@dataclass(frozen=True)
class _Start:
    delivery: Delivery
    name: str
    key: str
    generation: int


def _starts(found: _Workflows, deliveries: Sequence[Delivery]) -> list[_Start]:
    """The workflows to start: for each key that has no generation, or whose newest may be followed by another."""
    starts: dict[NameAndKey, _Start] = {}
    for delivery in deliveries:
        address = _address(delivery)
        if address.starts is None:
            continue
        pair = next(pair for pair in address.keys if pair[0] == address.starts.name)
        if pair in starts or (address.correlation_id is not None and found.of(address) is not None):
            continue
        newest = found.newest(pair)
        if newest is None:
            starts[pair] = _Start(delivery, *pair, 1)
        elif WorkflowState(newest.state) in FINAL_WORKFLOW_STATES:
            starts[pair] = _Start(delivery, *pair, newest.generation + 1)
    return [starts[pair] for pair in sorted(starts)]


def _start(connection: Connection, starts: Sequence[_Start]) -> dict[str, StartedByEvent]:
    """Insert the generations, always in the same order. Leave those just started by others to the second look.

    Does what ``insert_workflow`` does for a run of a DAG.
    """
    now: datetime = connection.execute(select(database_now())).scalar_one()
    rows, started = [], {}
    for start in starts:
        applied = _address(start.delivery).starts
        assert applied is not None  # noqa: S101 - it is a start
        definition, event = applied.definition, start.delivery.event
        workflow_id, seconds = new_id(), definition.deadline_seconds
        kept = keep_inline(Payload.of(event.data, sort_keys=True))
        rows.append(
            {
                "id": workflow_id,
                "name": start.name,
                "key": start.key,
                "generation": start.generation,
                "correlation_id": event.correlation_id or workflow_id,
                "state": WorkflowState.RUNNING.value,
                "version": 0,
                "journal_count": 0,
                "definition_sha256": applied.sha256,
                "implicit": False,
                "has_dag": False,
                "reopened": False,
                "on_failure": definition.on_failure.value,
                **kept.columns("input"),
                "secret": new_secret(),
                "started_at": now,
                "updated_at": now,
                "state_changed_at": now,
                "deadline_at": None if seconds is None else now + timedelta(seconds=seconds),
            }
        )
        started[workflow_id] = StartedByEvent(start.delivery, kept, applied.sha256)
    inserted = {row.id for row in insert_rows(connection, _workflow, rows, returning=["id"])}
    return {workflow_id: start for workflow_id, start in started.items() if workflow_id in inserted}
