"""What is sent for a journal entry: a CloudEvent 1.0 in structured JSON, without payloads.

It has the details that the journal shows: types, sizes and hashes of payloads, and masked texts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from airflow_wfstate.domain.messages.outbox.subscription import (
    STATE_AFTER,
)
from airflow_wfstate.domain.messages.reading.journal import JournalEntry
from airflow_wfstate.domain.rules.services.cloud_event import TRACE_ATTRIBUTES
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.stream_position import BEFORE_ALL
from airflow_wfstate.store.outbox.cursor import Cursor
from airflow_wfstate.store.reading.journal import entries_of

TYPE_PREFIX: Final = "wfstate."
"""Prefix before the kind of the journal entry: ``wfstate.workflow.succeeded``."""

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"

_SEQUENCE_DIGITS: Final = 10
"""``sequence`` is ordered as text (CloudEvents, "Sequence"), so it has leading zeros."""


@dataclass(frozen=True)
class Letter:
    """An event to send.

    :param event_id: the same however often it is sent.
    :param before: the cursor before it in the page with which it was read.
    :param lane: the unit within which order is kept: the id of its workflow, or the event's id for an event of its own.
    :param number: number of the journal entry; 0 for an event of its own.
    """

    event_id: str
    lane: str
    number: int
    body: str
    before: Cursor


def letters_of(connection: Connection, rows: Sequence[Row[Any]], source: str, cursor: Cursor) -> list[Letter]:
    """The letters for rows of the stream, in their order.

    :param source: the address of this Airflow.
    :param cursor: the cursor with which the rows were read.
    """
    labels = _labels(connection, {row.workflow_id for row in rows})
    letters = []
    for row, entry in zip(rows, entries_of(connection, rows), strict=True):
        event = event_of(row, entry, labels[row.workflow_id], source)
        body = json.dumps(event, ensure_ascii=True, separators=(",", ":"))
        letters.append(Letter(event["id"], row.workflow_id, row.number, body, cursor))
        cursor = Cursor(row.position or BEFORE_ALL, row.workflow_id, row.number)
    return letters


def event_of(row: Row[Any], entry: JournalEntry, labels: Mapping[str, str], source: str) -> dict[str, Any]:
    """The event that reports an entry."""
    state = STATE_AFTER.get(entry.kind)
    return {
        "specversion": "1.0",
        "id": f"{row.workflow_id}:{entry.number}",
        "source": source,
        "type": f"{TYPE_PREFIX}{entry.kind.value}",
        "subject": f"{row.workflow_name}/{row.workflow_key}",
        "time": entry.at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "correlationid": row.workflow_correlation_id,
        "sequence": f"{entry.number:0{_SEQUENCE_DIGITS}}",
        **_trace(entry),
        "data": {
            "workflow": {
                "id": row.workflow_id,
                "name": row.workflow_name,
                "key": row.workflow_key,
                "generation": row.workflow_generation,
                "labels": dict(labels),
            },
            "state": None if state is None else state.value,
            "step": entry.step,
            "step_id": entry.step_id,
            "attempt": entry.attempt,
            "actor": entry.actor,
            "sentence": entry.sentence,
            "details": entry.data,
        },
    }


def _trace(entry: JournalEntry) -> dict[str, Any]:
    """For an entry caused by an event: that event, and the trace that it belongs to."""
    cause = entry.data.get("event")
    if not isinstance(cause, dict):
        return {}
    passed_on = {name: cause[name] for name in TRACE_ATTRIBUTES if name in cause}
    return {**passed_on, "causationid": cause["id"]}


def _labels(connection: Connection, workflow_ids: set[str]) -> Mapping[str, dict[str, str]]:
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    label = schema.label
    if workflow_ids:
        for row in connection.execute(
            select(label).where(label.c.workflow_id.in_(workflow_ids)).order_by(label.c.name)
        ):
            found[row.workflow_id][row.name] = row.value
    return found
