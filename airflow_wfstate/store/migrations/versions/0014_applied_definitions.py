"""Which definitions were applied, by whom and when.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from airflow.utils.sqlalchemy import UtcDateTime
from alembic import op

from airflow_wfstate.store.migrations import online

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    if not sa.inspect(op.get_bind()).has_table("wfstate_applied_definition"):
        online.briefly(_create)


def _create() -> None:
    way_check = "way = ANY ('{ui,cli,api}'::text[])" if online.is_postgres() else "way IN ('ui', 'cli', 'api')"
    op.create_table(
        "wfstate_applied_definition",
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="of the version; the greatest of a name is in force"),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("applied_by", sa.String(1000), nullable=False, comment="who: as the journal names actors"),
        sa.Column("way", sa.String(20), nullable=False),
        sa.Column("applied_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", "number", name="wfstate_applied_definition_pkey"),
        sa.ForeignKeyConstraint(
            ["name", "sha256"],
            ["wfstate_definition.name", "wfstate_definition.sha256"],
            name="wfstate_applied_definition_content_fkey",
        ),
        sa.CheckConstraint("number >= 1", name="wfstate_applied_definition_number_check"),
        sa.CheckConstraint(way_check, name="wfstate_applied_definition_way_check"),
    )


def downgrade() -> None:
    """Drop it. Workflows keep the contents that they were started with."""
    op.drop_table("wfstate_applied_definition")
