"""Indexes for reads: an order by last progress, narrow indexes for counts, runs by name, waits of steps.

``settled_at`` is a generated column, so no code has to keep it correct. It is NULL while a workflow is running, and
PostgreSQL compares the values of indexed columns, so the updates of the hot path stay HOT. On PostgreSQL the column is
stored; adding it rewrites ``wfstate_workflow`` under a lock, once.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from airflow.utils.sqlalchemy import UtcDateTime
from alembic import op

from airflow_wfstate.store.migrations import online

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_SETTLED = "CASE WHEN state NOT IN ('running', 'compensating') THEN updated_at END"


def upgrade() -> None:
    """Add the column and the indexes."""
    online.add_columns(
        "wfstate_workflow",
        sa.Column(
            "settled_at",
            UtcDateTime(),
            sa.Computed(_SETTLED, persisted=online.is_postgres()),
            nullable=True,
            comment="updated_at, of one that is not at work",
        ),
    )
    online.create_index("wfstate_workflow_settled", "wfstate_workflow", ["settled_at", "id"])
    online.create_index("wfstate_workflow_count", "wfstate_workflow", ["state"])
    online.create_index(
        "wfstate_workflow_deadline", "wfstate_workflow", ["deadline_at"], where="deadline_at IS NOT NULL"
    )
    online.create_index(
        "wfstate_journal_waiting",
        "wfstate_journal",
        ["step_id", "number"],
        where="kind IN ('step.waiting', 'step.continued')",
    )
    online.create_index("wfstate_run_name", "wfstate_run", ["dag_id", "run_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("wfstate_run_name", "wfstate_run")
    op.drop_index("wfstate_journal_waiting", "wfstate_journal")
    op.drop_index("wfstate_workflow_deadline", "wfstate_workflow")
    op.drop_index("wfstate_workflow_count", "wfstate_workflow")
    op.drop_index("wfstate_workflow_settled", "wfstate_workflow")
    op.drop_column("wfstate_workflow", "settled_at")
