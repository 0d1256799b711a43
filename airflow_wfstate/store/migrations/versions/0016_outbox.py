"""The outbox: the position of each journal entry in the stream of all entries, subscriptions, and waiting deliveries.

No table is rewritten: the column is added empty, and gets its default afterwards. Entries written earlier come before
all others in the stream, in the order of each workflow.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from airflow.utils.sqlalchemy import UtcDateTime
from alembic import op

from airflow_wfstate.store.migrations import online

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_POSITION = "ALTER TABLE wfstate_journal ALTER COLUMN transaction_id SET DEFAULT (pg_current_xact_id()::text)::bigint"


def upgrade() -> None:
    """Add the column, its index and the tables."""
    online.add_columns(
        "wfstate_journal",
        sa.Column(
            "transaction_id",
            sa.BigInteger(),
            nullable=True,
            server_default=None if online.is_postgres() else sa.text("NULL"),
            comment="that wrote it: its place in the stream of all journals; null on SQLite, and in older entries",
        ),
    )
    if online.is_postgres():
        online.briefly(lambda: op.execute(_POSITION))
        online.create_index(
            "wfstate_journal_stream",
            "wfstate_journal",
            ["transaction_id"],
            postgresql_using="brin",
            postgresql_with={"pages_per_range": 32, "autosummarize": "on"},
        )
    op.create_table(
        "wfstate_subscription",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False, comment="canonical JSON of its filter"),
        sa.Column("secret", sa.Text(), nullable=False, comment="of the signature; encrypted when Airflow has a key"),
        sa.Column(
            "previous_secret", sa.Text(), nullable=True, comment="signs too, until previous_secret_until; encrypted"
        ),
        sa.Column("previous_secret_until", UtcDateTime(), nullable=True),
        sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("paused_because", sa.Text(), nullable=True),
        sa.Column(
            "replay",
            sa.Integer(),
            nullable=False,
            comment="grows when the cursor is set: what was being sent is not marked",
        ),
        sa.Column(
            "position", sa.BigInteger(), nullable=False, comment="told of up to here: transaction id; rowid on SQLite"
        ),
        sa.Column("position_workflow_id", sa.Uuid(as_uuid=False), nullable=False, comment="within that transaction"),
        sa.Column("position_number", sa.BigInteger(), nullable=False, comment="within that workflow"),
        sa.Column("since", UtcDateTime(), nullable=True, comment="what is older is passed over; null: nothing is"),
        sa.Column("failures", sa.Integer(), nullable=False, comment="in a row, each of another workflow"),
        sa.Column("next_try_at", UtcDateTime(), nullable=True, comment="nothing is sent before; null: at once"),
        sa.Column("last_delivered_at", UtcDateTime(), nullable=True),
        sa.Column("last_refused_at", UtcDateTime(), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True, comment="of that refusal; null: there was no answer"),
        sa.Column("last_answer", sa.Text(), nullable=True, comment="of that refusal"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(1000), nullable=False),
        sa.PrimaryKeyConstraint("id", name="wfstate_subscription_pkey"),
        sa.UniqueConstraint("name", name="wfstate_subscription_name_key"),
    )
    op.create_table(
        "wfstate_delivery",
        sa.Column("subscription_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("workflow_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column(
            "number",
            sa.BigInteger(),
            nullable=False,
            comment="of the first entry that the subscriber was not told of",
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False, comment="of the first refusal"),
        sa.Column("next_try_at", UtcDateTime(), nullable=True, comment="null: parked"),
        sa.Column("last_status", sa.Integer(), nullable=True, comment="null: there was no answer"),
        sa.Column("last_answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "workflow_id", name="wfstate_delivery_pkey"),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["wfstate_subscription.id"], name="wfstate_delivery_subscription_fkey"
        ),
    )
    op.create_index("wfstate_delivery_due", "wfstate_delivery", ["subscription_id", "next_try_at"])
    op.create_table(
        "wfstate_outgoing_event",
        sa.Column("subscription_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("event_id", sa.String(500), nullable=False),
        sa.Column("workflow_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="the CloudEvent; encrypted when payloads are"),
        sa.Column("enqueued_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=True, comment="null: parked"),
        sa.Column("last_status", sa.Integer(), nullable=True, comment="of the last refusal; null: there was no answer"),
        sa.Column("last_answer", sa.Text(), nullable=True, comment="of the last refusal; null: there was none"),
        sa.PrimaryKeyConstraint("subscription_id", "event_id", name="wfstate_outgoing_event_pkey"),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["wfstate_subscription.id"], name="wfstate_outgoing_event_subscription_fkey"
        ),
    )
    op.create_index("wfstate_outgoing_event_due", "wfstate_outgoing_event", ["subscription_id", "next_try_at"])


def downgrade() -> None:
    """Drop them, and with them how far each subscriber has received."""
    op.drop_table("wfstate_outgoing_event")
    op.drop_table("wfstate_delivery")
    op.drop_table("wfstate_subscription")
    if op.get_context().dialect.name == "postgresql":
        op.drop_index("wfstate_journal_stream", "wfstate_journal")
    op.drop_column("wfstate_journal", "transaction_id")
