"""Which steps are never undone, and how often people allowed a compensation to be retried.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column(
        "wfstate_step",
        sa.Column("pivot", sa.Boolean(), server_default=sa.false(), nullable=False, comment="done, it is never undone"),
    )
    op.add_column(
        "wfstate_step",
        sa.Column("irreversible", sa.Text(), nullable=True, comment="why it cannot be undone, in its author's words"),
    )
    op.add_column(
        "wfstate_compensation",
        sa.Column(
            "attempt_limit", sa.Integer(), nullable=True, comment="raised by a person's retry; null: max_attempts"
        ),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_column("wfstate_compensation", "attempt_limit")
    op.drop_column("wfstate_step", "irreversible")
    op.drop_column("wfstate_step", "pivot")
