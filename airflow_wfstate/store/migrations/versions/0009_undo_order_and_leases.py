"""The position of each compensation in its order, which workflows are at rest, and leases.

A cancelled workflow without an open step is at rest, and sweeps no longer check it. A workflow that is being undone gets
its positions with its next turn.

Revision ID: 0009
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from airflow.utils.sqlalchemy import UtcDateTime
from alembic import op

from airflow_wfstate.store.migrations import online

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NOT_SETTLED = "state = 'cancelled' AND NOT at_rest"

_SETTLE = """
UPDATE wfstate_workflow SET at_rest = {true}
 WHERE id IN :keys AND state = 'cancelled' AND NOT EXISTS (
    SELECT 1 FROM wfstate_step s WHERE s.workflow_id = wfstate_workflow.id AND s.state IN ('running', 'waiting')
 )
"""


def upgrade() -> None:
    """Add the columns, their indexes and the table of leases."""
    online.add_columns(
        "wfstate_workflow",
        sa.Column(
            "at_rest",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="cancelled or being undone, no step is open any more, and each undo has its position",
        ),
    )
    online.in_batches("wfstate_workflow", "id", _SETTLE.format(true="true" if online.is_postgres() else "1"))
    online.create_index("wfstate_workflow_unsettled", "wfstate_workflow", ["id"], where=_NOT_SETTLED)
    online.add_columns(
        "wfstate_compensation",
        sa.Column(
            "position",
            sa.BigInteger(),
            nullable=True,
            comment="in the undo, the highest first; null: not at rest, not needed, or over",
        ),
    )
    online.create_index(
        "wfstate_compensation_order", "wfstate_compensation", ["workflow_id", "position", "step_id", "round"]
    )
    online.drop_index("wfstate_compensation_workflow", "wfstate_compensation")
    online.drop_column("wfstate_sweep", "leased_until")
    online.add_columns(
        "wfstate_sweep",
        sa.Column(
            "files_token",
            sa.String(65),
            nullable=True,
            comment="of that look and the one before: the folder keeps one, a clone another",
        ),
    )
    op.create_table(
        "wfstate_lease",
        sa.Column("name", sa.String(20), nullable=False, comment="what only one process does at a time"),
        sa.Column("owner", sa.String(250), nullable=False, comment="the process that does it, or did it last"),
        sa.Column("leased_until", UtcDateTime(), nullable=False, comment="nobody else does it before"),
        sa.PrimaryKeyConstraint("name", name="wfstate_lease_pkey"),
    )


def downgrade() -> None:
    """Drop them. The time of the last sweep is lost, so the next one is due at once."""
    op.drop_table("wfstate_sweep")
    op.create_table(
        "wfstate_sweep",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("leased_until", UtcDateTime(), nullable=False, comment="nobody else sweeps before"),
        sa.Column("finished_at", UtcDateTime(), nullable=True, comment="of the last complete pass"),
        sa.Column(
            "files_checked_at", UtcDateTime(), nullable=True, comment="when files without a row were last looked for"
        ),
        sa.CheckConstraint("id = 1", name="wfstate_sweep_single_check"),
        sa.PrimaryKeyConstraint("id", name="wfstate_sweep_pkey"),
    )
    op.drop_table("wfstate_lease")
    op.create_index("wfstate_compensation_workflow", "wfstate_compensation", ["workflow_id"])
    op.drop_index("wfstate_compensation_order", "wfstate_compensation")
    op.drop_column("wfstate_compensation", "position")
    op.drop_index("wfstate_workflow_unsettled", "wfstate_workflow")
    op.drop_column("wfstate_workflow", "at_rest")
