"""Events of services, and which of them last ended a step.

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from airflow.utils.sqlalchemy import UtcDateTime
from alembic import op

from airflow_wfstate.store.migrations import online

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_PARKED = "state = 'parked'"
_NOT_APPLIED = "state <> 'applied'"


def upgrade() -> None:
    """Add the table, and two columns that are NULL for every step of a DAG."""
    online.add_columns(
        "wfstate_step",
        sa.Column(
            "end_sequence",
            sa.String(1000),
            nullable=True,
            comment="of a service's step: of the event that last ended it",
        ),
        sa.Column("end_time", UtcDateTime(), nullable=True, comment="likewise, by the clock of its source"),
    )
    is_postgres = op.get_bind().dialect.name == "postgresql"
    state_check = (
        "state = ANY ('{applied,parked,dead,dropped}'::text[])"
        if is_postgres
        else "state IN ('applied', 'parked', 'dead', 'dropped')"
    )
    op.create_table(
        "wfstate_event",
        sa.Column("source", sa.String(250), nullable=False),
        sa.Column("id", sa.String(250), nullable=False),
        sa.Column("type", sa.String(250), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True, comment="why no step moved, or why it waits or does not count"),
        sa.Column(
            "name",
            sa.String(250),
            nullable=True,
            comment="of the workflow; NULL where its correlation id alone could tell",
        ),
        sa.Column("key", sa.String(250), nullable=True, comment="of the workflow"),
        sa.Column("correlation_id", sa.String(250), nullable=True, comment="that the event holds"),
        sa.Column("workflow_id", sa.Uuid(as_uuid=False), nullable=True, comment="that it was applied to"),
        sa.Column("step_id", sa.Uuid(as_uuid=False), nullable=True, comment="that it is about"),
        sa.Column("body", sa.Text(), nullable=False, comment="all of the event, as canonical JSON"),
        sa.Column("body_type", sa.String(250), nullable=False),
        sa.Column(
            "body_sha256",
            sa.String(64),
            nullable=False,
            comment="tells the same event, sent again, from another one",
        ),
        sa.Column("sender", sa.String(1000), nullable=False, comment="who sent it, as the journal names actors"),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False, comment="when it came to be in its state"),
        sa.PrimaryKeyConstraint("source", "id", name="wfstate_event_pkey"),
        sa.CheckConstraint(state_check, name="wfstate_event_state_check"),
    )
    op.create_index("wfstate_event_workflow", "wfstate_event", ["workflow_id", "type"])
    _partial_index("wfstate_event_parked_correlation", ["correlation_id"], _PARKED)
    _partial_index("wfstate_event_parked_key", ["name", "key"], _PARKED)
    _partial_index("wfstate_event_not_applied", ["received_at", "source", "id"], _NOT_APPLIED)


def downgrade() -> None:
    """Drop them. Steps of services keep their states, but their events are lost."""
    op.drop_column("wfstate_step", "end_time")
    op.drop_column("wfstate_step", "end_sequence")
    op.drop_table("wfstate_event")


def _partial_index(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "wfstate_event", columns, postgresql_where=where, sqlite_where=where)
