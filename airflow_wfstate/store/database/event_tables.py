"""The table of events: the reports of services, each event once."""

from __future__ import annotations

from typing import Final

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import Column, Index, PrimaryKeyConstraint, String, Table, Text

from airflow_wfstate.domain.rules.services.event_state import EventState
from airflow_wfstate.store.database.columns import SHA256, STATE, TYPE, id_, metadata, name, one_of, partial_index

_PARKED: Final = f"state = '{EventState.PARKED.value}'"
_DEAD: Final = f"state = '{EventState.DEAD.value}'"
_NOT_APPLIED: Final = f"state <> '{EventState.APPLIED.value}'"

event: Final = Table(
    "wfstate_event",
    metadata,
    Column("source", name(), nullable=False),
    Column("id", name(), nullable=False),
    Column("type", name(), nullable=False),
    Column("state", STATE, nullable=False),
    Column("reason", Text, comment="why no step moved, or why it waits or does not count"),
    Column("name", name(), comment="of the workflow; NULL where its correlation id alone could tell"),
    Column("key", name(), comment="of the workflow"),
    Column("correlation_id", name(), comment="that the event holds"),
    Column("workflow_id", id_(), comment="that it was applied to"),
    Column("step_id", id_(), comment="that it is about"),
    Column("body", Text, nullable=False, comment="all of the event, as canonical JSON"),
    Column("body_type", TYPE, nullable=False),
    Column("body_sha256", SHA256, nullable=False, comment="tells the same event, sent again, from another one"),
    Column("sender", String(1000), nullable=False, comment="who sent it, as the journal names actors"),
    Column("received_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False, comment="when it came to be in its state"),
    PrimaryKeyConstraint("source", "id", name="wfstate_event_pkey"),
    *one_of("state", EventState, "wfstate_event_state_check"),
    Index("wfstate_event_workflow", "workflow_id", "type"),
    partial_index("wfstate_event_parked_correlation", "correlation_id", where=_PARKED),
    partial_index("wfstate_event_parked_key", "name", "key", where=_PARKED),
    partial_index("wfstate_event_not_applied", "received_at", "source", "id", where=_NOT_APPLIED),
    partial_index("wfstate_event_dead", "received_at", where=_DEAD),
)
"""No foreign key: an event is written under its workflow's lock, or waits for a workflow that does not exist yet."""
