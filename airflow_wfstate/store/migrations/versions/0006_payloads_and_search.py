"""Which parts of payloads are hidden from users, when payload files were last checked, and faster long lists.

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
    op.add_column(
        "wfstate_workflow",
        sa.Column(
            "has_dag",
            sa.Boolean(),
            server_default=sa.true(),
            nullable=False,
            comment="false: started by a service outside",
        ),
    )
    without_dag = sa.text("NOT has_dag")
    op.create_index(
        "wfstate_workflow_without_dag",
        "wfstate_workflow",
        ["id"],
        postgresql_where=without_dag,
        sqlite_where=without_dag,
    )
    op.create_index("wfstate_run_dag", "wfstate_run", ["dag_id", "workflow_id"])
    for name, column in _INDEXES:
        op.create_index(name, "wfstate_workflow", [column], postgresql_ops={column: "varchar_pattern_ops"})


def downgrade() -> None:
    """Drop them."""
    for name, _ in _INDEXES:
        op.drop_index(name, "wfstate_workflow")
    op.drop_index("wfstate_run_dag", "wfstate_run")
    op.drop_index("wfstate_workflow_without_dag", "wfstate_workflow")
    op.drop_column("wfstate_workflow", "has_dag")
    op.drop_column("wfstate_sweep", "files_checked_at")
    op.drop_column("wfstate_step", "redact")
