"""The workflows of a name by their start, for the statistics and the list of one name.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

from alembic import op

from airflow_wfstate.store.migrations import online

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    online.create_index("wfstate_workflow_name", "wfstate_workflow", ["name", "started_at", "id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("wfstate_workflow_name", "wfstate_workflow")
