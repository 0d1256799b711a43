"""Indexes by which PostgreSQL finds the longest workflows, and what stands anywhere in a key, a label or an error.

Those of texts need the extension ``pg_trgm``. Where it cannot be created they are left out, and nothing else changes;
docs/api.md says how to add them later.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_WORKED = """
CREATE INDEX wfstate_workflow_worked ON wfstate_workflow ((forward_ended_at - started_at), id)
 WHERE forward_ended_at IS NOT NULL
"""

_TRIGRAMS = """
DO $do$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX wfstate_workflow_key_trigrams ON wfstate_workflow USING gin (key gin_trgm_ops);
    CREATE INDEX wfstate_workflow_error_trigrams ON wfstate_workflow USING gin (error gin_trgm_ops)
     WHERE error IS NOT NULL;
    CREATE INDEX wfstate_label_value_trigrams ON wfstate_label USING gin (value gin_trgm_ops);
EXCEPTION
    -- May not be created; not installed; its operators are in a schema that is not searched.
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
        RAISE NOTICE 'wfstate: no index of trigrams: %', SQLERRM;
END
$do$
"""

_NAMES = (
    "wfstate_workflow_worked",
    "wfstate_workflow_key_trigrams",
    "wfstate_workflow_error_trigrams",
    "wfstate_label_value_trigrams",
)


def upgrade() -> None:
    """Create those that the server can have."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(_WORKED)
        op.execute(_TRIGRAMS)


def downgrade() -> None:
    """Drop them. The extension stays: something else may use it by now."""
    if op.get_context().dialect.name == "postgresql":
        for name in _NAMES:
            op.execute(f"DROP INDEX IF EXISTS {name}")
