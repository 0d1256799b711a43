"""When attempts waited, according to the journal: from each ``step.waiting`` to the ``step.continued`` after it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.step import Wait
from airflow_wfstate.store.database import schema

_journal = schema.journal


def read_waits(connection: Connection, step_ids: Sequence[str]) -> dict[tuple[str, int], list[Wait]]:
    """The waits of each attempt of these steps, by the step's id and the attempt's number.

    One statement, through an index that holds only such entries.
    """
    rows = connection.execute(
        select(_journal.c.step_id, _journal.c.attempt, _journal.c.kind, _journal.c.at)
        .where(_journal.c.step_id.in_(step_ids), schema.IS_ABOUT_WAITING)
        .order_by(_journal.c.step_id, _journal.c.number)
    )
    waits: dict[tuple[str, int], list[Wait]] = defaultdict(list)
    for row in rows:
        own = waits[row.step_id, row.attempt]
        if own and own[-1].ended_at is None:
            own[-1] = replace(own[-1], ended_at=row.at)
        if row.kind == EntryKind.STEP_WAITING.value:
            own.append(Wait(row.at, None))
    return waits


def ended_with(ended_at: datetime | None, waits: list[Wait]) -> list[Wait]:
    """The waits of an attempt; an open last wait ends with the attempt."""
    return [replace(wait, ended_at=wait.ended_at or ended_at) for wait in waits]
