"""What reads are answered from: an order by last progress, narrow indexes to count by, runs by name, waits of steps.

``settled_at`` is a generated column, so that nothing has to keep it right. PostgreSQL compares the values of indexed
columns, not their names: it stays NULL while a workflow is at work, and the updates of the hot path stay HOT. There it
is stored, and adding it rewrites ``wfstate_workflow`` under a lock, once.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from airflow.utils.sqlalchemy import UtcDateTime
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_SETTLED = "CASE WHEN state NOT IN ('running', 'compensating') THEN updated_at END"


def upgrade() -> None:
    """Add the column and the indexes."""
    op.add_column(
        "wfstate_workflow",
        sa.Column(
            "settled_at",
            UtcDateTime(),
            sa.Computed(_SETTLED, persisted=op.get_context().dialect.name == "postgresql"),
            nullable=True,
            comment="updated_at, of one that is not at work",
        ),
    )
    op.create_index("wfstate_workflow_settled", "wfstate_workflow", ["settled_at", "id"])
    op.create_index("wfstate_workflow_count", "wfstate_workflow", ["state"])
    has_deadline = sa.text("deadline_at IS NOT NULL")
    op.create_index(
        "wfstate_workflow_deadline",
        "wfstate_workflow",
        ["deadline_at"],
        postgresql_where=has_deadline,
        sqlite_where=has_deadline,
    )
    about_waiting = sa.text("kind IN ('step.waiting', 'step.continued')")
    op.create_index(
        "wfstate_journal_waiting",
        "wfstate_journal",
        ["step_id", "number"],
        postgresql_where=about_waiting,
        sqlite_where=about_waiting,
    )
    op.create_index("wfstate_run_name", "wfstate_run", ["dag_id", "run_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("wfstate_run_name", "wfstate_run")
    op.drop_index("wfstate_journal_waiting", "wfstate_journal")
    op.drop_index("wfstate_workflow_deadline", "wfstate_workflow")
    op.drop_index("wfstate_workflow_count", "wfstate_workflow")
    op.drop_index("wfstate_workflow_settled", "wfstate_workflow")
    op.drop_column("wfstate_workflow", "settled_at")
