"""A flag for workflows that wait for a service, and an index for counting dead letters.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from airflow.utils.sqlalchemy import UtcDateTime
from alembic import op

from airflow_wfstate.store.migrations import online

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_BEFORE = ("overdue", "held", "child_lost", "upstream_failed", "queued", "slow", "not_completed", "turn_not_taken")
_CHECK = "wfstate_flag_kind_check"


def upgrade() -> None:
    """Allow the new kind of flag, and create the index."""
    _allow_kinds((*_BEFORE, "waits_for_service"))
    online.create_index("wfstate_event_dead", "wfstate_event", ["received_at"], where="state = 'dead'")


def downgrade() -> None:
    """Remove both, and the flags of that kind; the next sweep of a later version finds again whatever still applies."""
    op.drop_index("wfstate_event_dead", "wfstate_event")
    op.execute("DELETE FROM wfstate_flag WHERE kind = 'waits_for_service'")
    _allow_kinds(_BEFORE)


def _allow_kinds(kinds: tuple[str, ...]) -> None:
    if online.is_postgres():
        online.replace_check(_CHECK, "wfstate_flag", f"kind = ANY ('{{{','.join(kinds)}}}'::text[])")
        return
    # SQLite recreates the table, with the rows of the old one.
    with op.batch_alter_table("wfstate_flag", recreate="always", copy_from=_flag_table(kinds)):
        pass


def _flag_table(kinds: tuple[str, ...]) -> sa.Table:
    metadata = sa.MetaData()
    sa.Table("wfstate_workflow", metadata, sa.Column("id", sa.Uuid(as_uuid=False), primary_key=True))
    return sa.Table(
        "wfstate_flag",
        metadata,
        sa.Column("workflow_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("owner", sa.String(2000), nullable=True),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(f"kind IN ({', '.join(map(repr, kinds))})", name=_CHECK),
        sa.ForeignKeyConstraint(["workflow_id"], ["wfstate_workflow.id"], name="wfstate_flag_workflow_fkey"),
        sa.PrimaryKeyConstraint("workflow_id", "kind", name="wfstate_flag_pkey"),
    )
