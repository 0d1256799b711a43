"""Read the journal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Connection, Row, select

from airflow_wfstate.domain.messages.reading.journal import EntryKind, JournalEntry, JournalPage, ReadJournal
from airflow_wfstate.domain.messages.reading.journal_sentence import sentence_of
from airflow_wfstate.domain.rules.page_limit import check_limit
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.redaction import masked_value
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.reading.journal_filter import journal_conditions
from airflow_wfstate.store.workflows.id import check_exists
from airflow_wfstate.store.workflows.places import read_places


def read_journal(connection: Connection, asked: ReadJournal) -> JournalPage:
    """A page of the journal, as described at ``StateBackend.read_journal``."""
    check_limit(asked.limit)
    if not 0 <= asked.after < 2**62:
        raise InvalidRequest(f"There is no entry number {asked.after}.", "Give 0 or the number of an entry.")
    workflow_id = check_exists(connection, asked.workflow_id)
    journal = schema.journal
    rows = connection.execute(
        select(journal)
        .where(
            journal.c.workflow_id == workflow_id,
            journal.c.number > asked.after,
            *journal_conditions(connection, workflow_id, asked.wanted),
        )
        .order_by(journal.c.number)
        .limit(asked.limit + 1)
    ).all()
    entries = entries_of(connection, rows[: asked.limit])
    return JournalPage(
        entries=entries,
        next_after=entries[-1].number if len(rows) > asked.limit else None,
        total=_count(connection, workflow_id) if asked.with_total else None,
    )


def _count(connection: Connection, workflow_id: str) -> int:
    workflow = schema.workflow
    total: int = connection.execute(select(workflow.c.journal_count).where(workflow.c.id == workflow_id)).scalar_one()
    return total


def entries_of(connection: Connection, rows: Sequence[Row[Any]]) -> list[JournalEntry]:
    """The entries in rows of ``wfstate_journal``, with the steps' current names."""
    labels = _placed_labels(connection, {row.step_id for row in rows if row.step_id is not None})
    return [_entry(row, labels.get(row.step_id, row.step)) for row in rows]


def _placed_labels(connection: Connection, step_ids: set[str]) -> dict[str, str]:
    """Labels of those steps whose name needs a place now. When the entry was written, it may have been unambiguous."""
    if not step_ids:
        return {}
    step = schema.step
    rows = connection.execute(
        select(step.c.id, step.c.participant, step.c.place, step.c.name, step.c.item_key).where(
            step.c.id.in_(step_ids), step.c.place != schema.NO_PLACE
        )
    ).all()
    places = read_places(connection, ((row.participant, row.place) for row in rows))
    return {row.id: places.name(row).label for row in rows if places.of(row.participant, row.place).is_needed}


def _entry(row: Row[Any], step: str | None) -> JournalEntry:
    kind, data = EntryKind(row.kind), cast("dict[str, JsonValue]", masked_value(json.loads(row.data)))
    return JournalEntry(
        number=row.number,
        at=row.at,
        kind=kind,
        step=step,
        step_id=row.step_id,
        attempt=row.attempt,
        actor=row.actor,
        data=data,
        sentence=sentence_of(kind, step, row.attempt, row.actor, data),
    )
