"""A change of a workflow: made under the lock of its row, and journaled.

The lock is an UPDATE that already increments the workflow's version and reserves the first journal number, on
PostgreSQL and SQLite alike. A change that finds nothing to do is rolled back (``transaction.Unchanged``), so that
neither number has a gap.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Final, cast

from sqlalchemy import Connection, Insert, Row, Select, Table, Update, bindparam, insert, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.states import CompensationState, WorkflowState, may_become, predecessors
from airflow_wfstate.exceptions import InvalidTransition, WorkflowChanged
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import dag_run, task_instance
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.conflict_insert import conflict_insert
from airflow_wfstate.store.workflows.rehearsal import IS_BOUND

_workflow: Final = schema.workflow


def _lock(found: Select[tuple[str]]) -> Update:
    return (
        update(_workflow)
        .where(_workflow.c.id == found.scalar_subquery())
        .values(
            version=_workflow.c.version + 1,
            journal_count=_workflow.c.journal_count + 1,
            updated_at=database_now(),
        )
    )


LOCKED_COLUMNS: Final = (
    _workflow.c.id,
    _workflow.c.name,
    _workflow.c.key,
    _workflow.c.generation,
    _workflow.c.correlation_id,
    _workflow.c.state,
    _workflow.c.version,
    _workflow.c.journal_count,
    _workflow.c.definition_sha256,
    _workflow.c.implicit,
    _workflow.c.reopened,
    _workflow.c.on_failure,
    _workflow.c.input_sha256,
    _workflow.c.error,
    _workflow.c.secret,
    _workflow.c.updated_at,
    _workflow.c.at_rest,
)

_LOCK_BY_ID: Final = _lock(select(bindparam("workflow_id", type_=_workflow.c.id.type))).returning(*LOCKED_COLUMNS)

_LOCK_BY_TASK_INSTANCE: Final = _lock(
    select(schema.run.c.workflow_id)
    .join(
        task_instance,
        (task_instance.c.dag_id == schema.run.c.dag_id) & (task_instance.c.run_id == schema.run.c.run_id),
    )
    .join(dag_run, (dag_run.c.dag_id == schema.run.c.dag_id) & (dag_run.c.run_id == schema.run.c.run_id))
    .where(IS_BOUND, task_instance.c.id == bindparam("task_instance_id"))
).returning(*LOCKED_COLUMNS)


_ENCODER: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))
"""Serialized data of journal entries, built once rather than for each entry."""

_CHUNK: Final = 400
"""Rows per statement: old SQLite allows 999 parameters."""


@dataclass(frozen=True)
class NewEntry:
    """A journal entry about a step, to be written.

    :param step: the step's label.
    """

    step: str
    step_id: str
    attempt: int
    data: Mapping[str, JsonValue] = field(default_factory=dict)


class Change:
    """The change that one transaction makes to one workflow, whose row it has locked.

    Rows of other tables are written at once. :meth:`write` writes the workflow's own row and ends the change.

    :param row: the locked row, as :data:`LOCKED_COLUMNS` lists it.
    :param actor: who makes the change, for the journal.
    """

    def __init__(self, connection: Connection, row: Row[tuple[object, ...]], actor: str) -> None:
        self.connection = connection
        self.actor = actor
        self.workflow_id: str = row.id
        self.name: str = row.name
        self.key: str = row.key
        self.generation: int = row.generation
        self.correlation_id: str = row.correlation_id
        self.state = WorkflowState(row.state)
        self._version_before: int = row.version - 1  # the lock itself has already incremented it
        self.definition_sha256: str = row.definition_sha256
        self.implicit: bool = row.implicit
        self.reopened: bool = row.reopened
        self.on_failure: str = row.on_failure
        self.input_sha256: str = row.input_sha256
        self.error: str | None = row.error
        self.secret: str = row.secret
        self.now: datetime = row.updated_at
        self.at_rest: bool = row.at_rest
        self._first_entry: int = row.journal_count
        self._next_entry: int = row.journal_count
        self._values: dict[str, object] = {}
        self._from_states: tuple[WorkflowState, ...] = ()
        self._has_written = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing was or will be written, so that the transaction may be rolled back."""
        return not self._values and not self._has_written

    def check_version(self, wanted: int | None) -> None:
        """Check that the workflow has not changed since the caller read it; None skips the check.

        :raises WorkflowChanged: it has changed.
        """
        if wanted is not None and wanted != self._version_before:
            raise WorkflowChanged(
                f"Workflow {self.workflow_id} is now in version {self._version_before}, not in version {wanted}.",
                "Check its current state and decide again: airflow wfstate show " + self.workflow_id,
            )

    def ref(self) -> WorkflowRef:
        """The workflow's reference, with its state after this change."""
        return WorkflowRef(self.workflow_id, self.name, self.key, self.generation, self.correlation_id, self.state)

    def journal(
        self,
        kind: EntryKind,
        *,
        step: str | None = None,
        step_id: str | None = None,
        attempt: int | None = None,
        data: Mapping[str, JsonValue] | None = None,
    ) -> int:
        """Append an entry, and return its number.

        :param step: the label of the step that the entry is about.
        :param step_id: the id of that step.
        """
        return self._journal(kind, [(step, step_id, attempt, data or {})])

    def journal_each(self, kind: EntryKind, entries: Sequence[NewEntry]) -> None:
        """Append an entry for each of some steps (at least one), with one statement."""
        self._journal(kind, [(entry.step, entry.step_id, entry.attempt, entry.data) for entry in entries])

    def _journal(
        self, kind: EntryKind, entries: Sequence[tuple[str | None, str | None, int | None, Mapping[str, JsonValue]]]
    ) -> int:
        """Append the entries, and return the number of the first."""
        first = self._next_entry
        self._next_entry += len(entries)
        rows: list[dict[str, object]] = [
            {
                "workflow_id": self.workflow_id,
                "number": number,
                "at": self.now,
                "kind": kind.value,
                "step": step,
                "step_id": step_id,
                "attempt": attempt,
                "actor": self.actor,
                "data": _ENCODER.encode(data),
            }
            for number, (step, step_id, attempt, data) in enumerate(entries, first)
        ]
        self._has_written = True
        self._append(rows)
        return first

    def _append(self, rows: list[dict[str, object]]) -> None:
        """Write journal rows."""
        self.connection.execute(_insert(schema.journal, tuple(rows[0])), rows if len(rows) > 1 else rows[0])

    def insert(self, table: Table, values: Mapping[str, object]) -> None:
        """Insert a row."""
        self._has_written = True
        self.connection.execute(_insert(table, tuple(values)), values)

    def update(
        self,
        table: Table,
        *,
        where: Mapping[str, object],
        values: Mapping[str, object],
        from_states: Iterable[Enum] | None = None,
    ) -> None:
        """Update the rows that equal ``where``.

        :param from_states: if given, exactly one row must match, and its state must be one of these.
        """
        self._has_written = True
        guard = None if from_states is None else tuple(str(state.value) for state in from_states)
        matched = self.connection.execute(
            _update(table, tuple(where), tuple(values), guard),
            {**{f"where_{name}": value for name, value in where.items()}, **_bound(values)},
        )
        if guard is not None and matched.rowcount != 1:
            raise InvalidTransition(
                f"The stored state of {table.name} {dict(where)} does not allow {dict(values)}.",
                "Another transaction has changed it in the meantime; try again.",
            )

    def update_each(
        self,
        table: Table,
        *,
        where: Sequence[Mapping[str, object]],
        values: Mapping[str, object],
        from_states: Iterable[Enum] | None = None,
    ) -> None:
        """Give several rows the same values, a few hundred per statement.

        :param where: the key of each row.
        :param from_states: if given, every row must exist, and its state must be one of these.
        """
        self._has_written = True
        names = tuple(where[0]) if where else ()
        key = tuple_(*(table.c[name] for name in names))
        guard = None if from_states is None else [str(state.value) for state in from_states]
        for start in range(0, len(where), _CHUNK):
            chunk = [tuple(row[name] for name in names) for row in where[start : start + _CHUNK]]
            statement = update(table).where(key.in_(chunk)).values(**values)
            if guard is not None:
                statement = statement.where(table.c.state.in_(guard))
            matched = self.connection.execute(statement)
            if guard is not None and matched.rowcount != len(chunk):
                raise InvalidTransition(
                    f"The stored state of some of {len(chunk)} rows of {table.name} does not allow {dict(values)}.",
                    "Another transaction has changed them in the meantime; try again.",
                )

    def upsert(
        self,
        table: Table,
        *,
        where: Mapping[str, object],
        values: Mapping[str, object],
        when_changed: Mapping[str, object],
    ) -> bool:
        """Insert a row, or update the existing one unless it already has these values; return whether it changed.

        :param where: the primary key.
        :param when_changed: further columns to write, which do not count as a difference.
        """
        statement = _upsert(self.connection.dialect.name, table, tuple(where), tuple(values), tuple(when_changed))
        written = self.connection.execute(statement, {**where, **values, **when_changed}).rowcount > 0
        self._has_written = self._has_written or written
        return written

    def become(self, target: WorkflowState, **values: object) -> None:
        """Move the workflow to another state, and set other columns with it.

        Columns that belong to the old state are reset: the error, hold reason and end time when it runs again, and the
        stored flags, which are only shown while ``state_changed_at`` is older than they are.

        :raises InvalidTransition: the state table has no such transition.
        """
        if not may_become(self.state, target):
            raise InvalidTransition(
                f"Workflow {self.workflow_id} is {self.state.value} and cannot become {target.value}.",
                "Check its current state with: airflow wfstate show " + self.workflow_id,
            )
        if target is WorkflowState.RUNNING:
            values = {"error": None, "hold_reason": None, "ended_at": None, "forward_ended_at": None} | values
        elif self.state is WorkflowState.RUNNING:
            values = {"forward_ended_at": self.now} | values
        if target in (WorkflowState.COMPENSATING, WorkflowState.CANCELLED):
            values = {"at_rest": False} | values
            self.at_rest = False
        self._from_states = predecessors(target)
        self._values.update(values, state=target.value, state_changed_at=self.now)
        self.state = target
        self.error = cast("str | None", values.get("error", self.error))

    def discard_armed(self) -> None:
        """Discard the armed compensations: the workflow has succeeded, so nothing is to be undone."""
        self.update(
            schema.compensation,
            where={"workflow_id": self.workflow_id, "state": CompensationState.ARMED.value},
            values={"state": CompensationState.DISCARDED.value},
        )

    def come_to_rest(self) -> None:
        """Record that no step is open any more, and that each compensation has its position."""
        self.at_rest = True
        self._values["at_rest"] = True

    def set(self, **values: object) -> None:
        """Set columns of the workflow's row without a change of state."""
        self._values.update(values)

    def write_so_far(self) -> None:
        """Write the workflow's own row if it has changed, so that another change of state may follow."""
        if self._values:
            self.write()

    def write(self) -> None:
        """Write the workflow's own row; return a journal number that was reserved but not used."""
        last_entry = self._next_entry - 1
        if last_entry != self._first_entry:
            self._values["journal_count"] = last_entry
        if self._values:
            self.update(
                schema.workflow,
                where={"id": self.workflow_id},
                values=self._values,
                from_states=self._from_states or None,
            )
        self._first_entry = last_entry
        self._values = {}
        self._from_states = ()


def lock_by_id(connection: Connection, workflow_id: str, actor: str) -> Change | None:
    """Lock the workflow with this id; None when there is none."""
    row = connection.execute(_LOCK_BY_ID, {"workflow_id": workflow_id}).one_or_none()
    return None if row is None else Change(connection, row, actor)


def lock_by_task_instance(connection: Connection, task_instance_id: str, actor: str) -> Change | None:
    """Lock the workflow that a task instance's run is bound to; None when there is none."""
    row = connection.execute(_LOCK_BY_TASK_INSTANCE, {"task_instance_id": task_instance_id}).one_or_none()
    return None if row is None else Change(connection, row, actor)


def _bound(values: Mapping[str, object]) -> dict[str, object]:
    return {f"new_{name}": value for name, value in values.items()}


@lru_cache(maxsize=256)
def _insert(table: Table, columns: tuple[str, ...]) -> Insert:
    return insert(table).values({name: bindparam(name) for name in columns})


@lru_cache(maxsize=256)
def _upsert(
    dialect: str, table: Table, key: tuple[str, ...], columns: tuple[str, ...], others: tuple[str, ...]
) -> postgresql.Insert | sqlite.Insert:
    names = (*columns, *others)
    statement = conflict_insert(dialect, table).values({name: bindparam(name) for name in (*key, *names)})
    return statement.on_conflict_do_update(
        index_elements=list(key),
        set_={name: statement.excluded[name] for name in names},
        where=or_(*(table.c[name].is_distinct_from(statement.excluded[name]) for name in columns)),
    )


@lru_cache(maxsize=256)
def _update(table: Table, where: tuple[str, ...], columns: tuple[str, ...], guard: tuple[str, ...] | None) -> Update:
    statement = update(table).values({name: bindparam(f"new_{name}") for name in columns})
    for name in where:
        statement = statement.where(table.c[name] == bindparam(f"where_{name}"))
    if guard is not None:
        statement = statement.where(table.c.state.in_(guard))
    return statement
