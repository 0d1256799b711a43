"""When the answer of a service that was asked to undo a step is due.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from airflow.utils.sqlalchemy import UtcDateTime
from alembic import op

from airflow_wfstate.store.migrations import online

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and the index with which the sweep finds overdue answers."""
    online.add_columns(
        "wfstate_compensation",
        sa.Column(
            "answer_due_at",
            UtcDateTime(),
            comment="the service that was asked has until then; null: none is waited for",
        ),
    )
    online.create_index(
        "wfstate_compensation_answer",
        "wfstate_compensation",
        ["answer_due_at", "workflow_id"],
        where="answer_due_at IS NOT NULL",
    )


def downgrade() -> None:
    """Drop them. A compensation that a service was asked for stays as it is, and waits for an operator."""
    op.drop_index("wfstate_compensation_answer", "wfstate_compensation")
    op.drop_column("wfstate_compensation", "answer_due_at")
