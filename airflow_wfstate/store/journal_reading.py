"""Reading the journal."""

from __future__ import annotations

import json
from typing import Any, cast

from sqlalchemy import Connection, Row, select

from airflow_wfstate.domain.journal import EntryKind, JournalEntry, JournalPage
from airflow_wfstate.domain.payload import JsonValue
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.redaction import masked_value
from airflow_wfstate.store import schema
from airflow_wfstate.store.workflow_detail import check_exists
from airflow_wfstate.store.workflow_list import check_limit


def read_journal(connection: Connection, workflow_id: str, after: int, limit: int) -> JournalPage:
    """A page of the journal, as ``StateBackend.read_journal`` says."""
    check_limit(limit)
    if not 0 <= after < 2**62:
        raise InvalidRequest(f"There is no entry number {after}.", "Give 0 or the number of an entry.")
    workflow_id = check_exists(connection, workflow_id)
    journal = schema.journal
    rows = connection.execute(
        select(journal)
        .where(journal.c.workflow_id == workflow_id, journal.c.number > after)
        .order_by(journal.c.number)
        .limit(limit + 1)
    ).all()
    entries = [entry_of(row) for row in rows[:limit]]
    return JournalPage(entries=entries, next_after=entries[-1].number if len(rows) > limit else None)


def entry_of(row: Row[Any]) -> JournalEntry:
    """The entry of a row of ``wfstate_journal``."""
    return JournalEntry(
        number=row.number,
        at=row.at,
        kind=EntryKind(row.kind),
        step=row.step,
        attempt=row.attempt,
        actor=row.actor,
        data=cast("dict[str, JsonValue]", masked_value(json.loads(row.data))),
    )
