"""The stored functions of an attempt verify its key, so that any server process can call them, not only the one that began.

They are overloads of the earlier functions, which stay: during a rolling upgrade the older server processes still call
those, and verify keys themselves. The next release drops them.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

from alembic import op

from airflow_wfstate.store.migrations import functions_0020

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the functions."""
    _execute(functions_0020.CREATE)


def downgrade() -> None:
    """Remove them. A database created at a later revision gets the earlier ones, which it never had."""
    _execute(functions_0020.DROP)
    _execute(functions_0020.BEFORE)


def _execute(statements: tuple[str, ...]) -> None:
    if op.get_context().dialect.name == "postgresql":
        for statement in statements:
            op.execute(statement)
