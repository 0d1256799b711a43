"""Indexes with which PostgreSQL finds the longest workflows, and substrings of keys, labels and errors.

Those for substrings need the extension ``pg_trgm``. Where it cannot be created they are left out; nothing else changes.
docs/reference/api.md says how to add them later.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from airflow_wfstate.store.migrations import online

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_EXTENSION = """
DO $do$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION
    -- May not be created; not installed.
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
        RAISE NOTICE 'wfstate: no index of trigrams: %', SQLERRM;
END
$do$
"""
"""A block that fails is rolled back as to a savepoint."""

_HAS_TRIGRAMS = "SELECT count(*) FROM pg_opclass WHERE opcname = 'gin_trgm_ops' AND pg_opclass_is_visible(oid)"

_NAMES = (
    "wfstate_workflow_worked",
    "wfstate_workflow_key_trigrams",
    "wfstate_workflow_error_trigrams",
    "wfstate_label_value_trigrams",
)


def upgrade() -> None:
    """Create the indexes that the server supports."""
    if not online.is_postgres():
        return
    online.create_index(
        "wfstate_workflow_worked",
        "wfstate_workflow",
        [sa.text("(forward_ended_at - started_at)"), "id"],
        where="forward_ended_at IS NOT NULL",
    )
    op.execute(_EXTENSION)
    online.commit()
    if op.get_bind().execute(sa.text(_HAS_TRIGRAMS)).scalar_one():
        _create_trigrams("wfstate_workflow_key_trigrams", "wfstate_workflow", "key")
        _create_trigrams("wfstate_workflow_error_trigrams", "wfstate_workflow", "error", where="error IS NOT NULL")
        _create_trigrams("wfstate_label_value_trigrams", "wfstate_label", "value")


def _create_trigrams(name: str, table: str, column: str, where: str | None = None) -> None:
    online.create_index(
        name, table, [column], where=where, postgresql_using="gin", postgresql_ops={column: "gin_trgm_ops"}
    )


def downgrade() -> None:
    """Drop them. The extension stays, because something else may use it by now."""
    if op.get_context().dialect.name == "postgresql":
        for name in _NAMES:
            op.execute(f"DROP INDEX IF EXISTS {name}")
