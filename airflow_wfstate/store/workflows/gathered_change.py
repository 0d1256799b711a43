"""Changes of many workflows in one transaction: locked with one statement, written with a few."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection, Select, bindparam, literal, select, update

from airflow_wfstate.domain.rules.states import CompensationState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.row_batch import insert_rows, update_rows
from airflow_wfstate.store.workflows.change import LOCKED_COLUMNS, Change

_workflow, _compensation = schema.workflow, schema.compensation

_CHANGED_BY_LOCK: Final = ("version", "journal_count", "updated_at")


class GatheredChange(Change):
    """A change whose journal entries and workflow row are written together with those of other changes.

    Do not read its entries before :func:`write_changes` has written them.

    :param has_dag: whether a DAG started the workflow; False if an event did.
    """

    def __init__(self, connection: Connection, row: object, actor: str) -> None:
        super().__init__(connection, row, actor)  # type: ignore[arg-type]  # a row with the same columns
        self.has_dag: bool = row.has_dag  # type: ignore[attr-defined]  # likewise
        self.entries: list[dict[str, object]] = []
        self.discards_armed = False

    def _append(self, rows: list[dict[str, object]]) -> None:
        self.entries += rows

    def discard_armed(self) -> None:
        """See :meth:`Change.discard_armed`; :func:`write_changes` does the work."""
        self.discards_armed = True

    def write(self) -> None:
        """Do nothing: :func:`write_changes` does the work."""

    def row(self) -> dict[str, object]:
        """The columns of the workflow's own row, with the values to write."""
        return {
            "id": self.workflow_id,
            "version": self._version_before + 1,
            "journal_count": self._next_entry - 1 if self.entries else self._first_entry - 1,
            "updated_at": self.now,
            **self._values,
        }


def lock_workflows(connection: Connection, workflow_ids: Collection[str]) -> dict[str, GatheredChange]:
    """Lock the existing ones of these workflows, by id, always in the same order, so that no deadlock can arise.

    The caller sets the actor of each change for each entry.
    """
    if not workflow_ids:
        return {}
    rows = connection.execute(_locked(connection.dialect.name), {"workflow_ids": sorted(workflow_ids)}).all()
    now = connection.execute(select(database_now())).scalar_one()  # after all of them are locked
    changes = {row.id: GatheredChange(connection, row, "") for row in rows}
    for change in changes.values():
        change.now = now
    return changes


def write_changes(connection: Connection, changes: Iterable[GatheredChange]) -> None:
    """Write the journal entries and the rows of the workflows that have changed."""
    changed = [change for change in changes if not change.is_empty]
    entries = [entry for change in changed for entry in change.entries]
    if entries:
        insert_rows(connection, schema.journal, entries)
    discarding = sorted(change.workflow_id for change in changed if change.discards_armed)
    if discarding:
        armed = (_compensation.c.workflow_id.in_(discarding), _compensation.c.state == CompensationState.ARMED.value)
        connection.execute(update(_compensation).where(*armed).values(state=CompensationState.DISCARDED.value))
    by_columns: dict[tuple[str, ...], list[dict[str, object]]] = defaultdict(list)
    for change in changed:
        row = change.row()
        by_columns[tuple(sorted(row))].append({name: row[name] for name in sorted(row)})
    for rows in by_columns.values():
        update_rows(connection, _workflow, rows)


@lru_cache
def _locked(dialect: str) -> Select[tuple[object, ...]]:
    """On SQLite the transaction has already written, so there is no other writer."""
    columns = (column for column in LOCKED_COLUMNS if column.name not in _CHANGED_BY_LOCK)
    found = select(
        *columns,
        (_workflow.c.version + 1).label("version"),  # as a lock by UPDATE would have incremented it
        (_workflow.c.journal_count + 1).label("journal_count"),
        literal(None).label("updated_at"),
        _workflow.c.has_dag,
    )
    found = found.where(_workflow.c.id.in_(bindparam("workflow_ids", expanding=True))).order_by(_workflow.c.id)
    # No key column of the row changes, so inserting a row that refers to it need not wait.
    return found.with_for_update(key_share=True) if dialect == "postgresql" else found
