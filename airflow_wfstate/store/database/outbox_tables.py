"""The tables of the outbox: subscriptions, each a cursor over the journal, and events that wait for another attempt."""

from __future__ import annotations

from typing import Final

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from airflow_wfstate.store.database.columns import id_, metadata, name

subscription: Final = Table(
    "wfstate_subscription",
    metadata,
    Column("id", id_(), nullable=False),
    Column("name", name(), nullable=False),
    Column("url", Text, nullable=False),
    Column("wanted", Text, nullable=False, comment="canonical JSON of its filter"),
    Column("secret", Text, nullable=False, comment="of the signature; encrypted when Airflow has a key"),
    Column("previous_secret", Text, comment="signs too, until previous_secret_until; encrypted"),
    Column("previous_secret_until", UtcDateTime),
    Column("paused", Boolean, nullable=False, server_default=false()),
    Column("paused_because", Text),
    Column(
        "replay", Integer, nullable=False, comment="grows when the cursor is set: what was being sent is not marked"
    ),
    Column("position", BigInteger, nullable=False, comment="told of up to here: transaction id; rowid on SQLite"),
    Column("position_workflow_id", id_(), nullable=False, comment="within that transaction"),
    Column("position_number", BigInteger, nullable=False, comment="within that workflow"),
    Column("since", UtcDateTime, comment="what is older is passed over; null: nothing is"),
    Column("failures", Integer, nullable=False, comment="in a row, each of another workflow"),
    Column("next_try_at", UtcDateTime, comment="nothing is sent before; null: at once"),
    Column("last_delivered_at", UtcDateTime),
    Column("last_refused_at", UtcDateTime),
    Column("last_status", Integer, comment="of that refusal; null: there was no answer"),
    Column("last_answer", Text, comment="of that refusal"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(1000), nullable=False),
    PrimaryKeyConstraint("id", name="wfstate_subscription_pkey"),
    UniqueConstraint("name", name="wfstate_subscription_name_key"),
)

delivery: Final = Table(
    "wfstate_delivery",
    metadata,
    Column("subscription_id", id_(), nullable=False),
    Column("workflow_id", id_(), nullable=False),
    Column("number", BigInteger, nullable=False, comment="of the first entry that the subscriber was not told of"),
    Column("attempts", Integer, nullable=False),
    Column("since", UtcDateTime, nullable=False, comment="of the first refusal"),
    Column("next_try_at", UtcDateTime, comment="null: parked"),
    Column("last_status", Integer, comment="null: there was no answer"),
    Column("last_answer", Text, nullable=False),
    PrimaryKeyConstraint("subscription_id", "workflow_id", name="wfstate_delivery_pkey"),
    ForeignKeyConstraint(["subscription_id"], ["wfstate_subscription.id"], name="wfstate_delivery_subscription_fkey"),
    Index("wfstate_delivery_due", "subscription_id", "next_try_at"),
)

outgoing_event: Final = Table(
    "wfstate_outgoing_event",
    metadata,
    Column("subscription_id", id_(), nullable=False),
    Column("event_id", String(500), nullable=False),
    Column("workflow_id", id_(), nullable=False),
    Column("body", Text, nullable=False, comment="the CloudEvent; encrypted when payloads are"),
    Column("enqueued_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try_at", UtcDateTime, comment="null: parked"),
    Column("last_status", Integer, comment="of the last refusal; null: there was no answer"),
    Column("last_answer", Text, comment="of the last refusal; null: there was none"),
    PrimaryKeyConstraint("subscription_id", "event_id", name="wfstate_outgoing_event_pkey"),
    ForeignKeyConstraint(
        ["subscription_id"], ["wfstate_subscription.id"], name="wfstate_outgoing_event_subscription_fkey"
    ),
    Index("wfstate_outgoing_event_due", "subscription_id", "next_try_at"),
)
"""Events for one subscriber only, until it has accepted them."""
