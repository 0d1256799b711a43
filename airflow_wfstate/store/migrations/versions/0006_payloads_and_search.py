"""What people do not get to see of a step's payloads, when files were last looked after, and indexes of a search.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from airflow.utils.sqlalchemy import UtcDateTime
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_INDEXES = (("wfstate_workflow_key_prefix", "key"), ("wfstate_workflow_correlation_prefix", "correlation_id"))


def upgrade() -> None:
    """Add the columns and the indexes."""
    op.add_column(
        "wfstate_step",
        sa.Column(
            "redact",
            sa.Text(),
            nullable=True,
            comment="JSON list of the paths that people do not get to see in its payloads",
        ),
    )
    op.add_column(
        "wfstate_sweep",
        sa.Column(
            "files_checked_at", UtcDateTime(), nullable=True, comment="when files without a row were last looked for"
        ),
    )
    for name, column in _INDEXES:
        op.create_index(name, "wfstate_workflow", [column], postgresql_ops={column: "varchar_pattern_ops"})


def downgrade() -> None:
    """Drop them."""
    for name, _ in _INDEXES:
        op.drop_index(name, "wfstate_workflow")
    op.drop_column("wfstate_sweep", "files_checked_at")
    op.drop_column("wfstate_step", "redact")
