"""The flags of workflows that make no progress, and whether a deadline was acted on.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from airflow.utils.sqlalchemy import UtcDateTime
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column(
        "wfstate_workflow",
        sa.Column(
            "deadline_acted_at",
            UtcDateTime(),
            nullable=True,
            comment="when the policy of this deadline was carried out",
        ),
    )
    op.create_table(
        "wfstate_flag",
        sa.Column("workflow_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("owner", sa.String(length=2000), nullable=True, comment="of the DAG concerned"),
        sa.Column("command", sa.Text(), nullable=False, comment="that would help"),
        sa.CheckConstraint(
            "kind IN ('overdue', 'held', 'child_lost', 'upstream_failed', 'queued', 'slow', 'not_completed', "
            "'turn_not_taken')",
            name="wfstate_flag_kind_check",
        ),
        sa.ForeignKeyConstraint(["workflow_id"], ["wfstate_workflow.id"], name="wfstate_flag_workflow_fkey"),
        sa.PrimaryKeyConstraint("workflow_id", "kind", name="wfstate_flag_pkey"),
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_table("wfstate_flag")
    op.drop_column("wfstate_workflow", "deadline_acted_at")
