"""What people do not get to see of a step's payloads, and when files of payloads were last looked after.

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


def upgrade() -> None:
    """Add the columns."""
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


def downgrade() -> None:
    """Drop them."""
    op.drop_column("wfstate_sweep", "files_checked_at")
    op.drop_column("wfstate_step", "redact")
