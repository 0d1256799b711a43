"""Labels of workflows.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "wfstate_label",
        sa.Column("workflow_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("value", sa.String(250), nullable=False),
        sa.PrimaryKeyConstraint("workflow_id", "name", name="wfstate_label_pkey"),
        sa.ForeignKeyConstraint(["workflow_id"], ["wfstate_workflow.id"], name="wfstate_label_workflow_fkey"),
    )
    op.create_index("wfstate_label_value", "wfstate_label", ["name", "value", "workflow_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("wfstate_label")
