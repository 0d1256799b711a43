"""The stored functions of an attempt verify its key: any process of the server can call them, not only the one that began.

They are overloads of those before, which stay: while the server's processes are upgraded one after the other, the older
ones call them still. Those verify keys themselves. The next release drops them.

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
    """Remove them. A database that was made new at a later revision gets those before, which it never had."""
    _execute(functions_0020.DROP)
    _execute(functions_0020.BEFORE)


def _execute(statements: tuple[str, ...]) -> None:
    if op.get_context().dialect.name == "postgresql":
        for statement in statements:
            op.execute(statement)
