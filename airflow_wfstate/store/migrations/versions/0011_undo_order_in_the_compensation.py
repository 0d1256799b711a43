"""What orders an undo stands in the compensation's own row, and pivots have an index: pages and judgements of any width.

The number of a round's last journal entry served the order of its undo alone, so it moves from the round to its
compensation. There an index of the workflow holds it, and a page of compensations reads a page. The index of who is
undone next holds those alone that have a position, so that steps at work write as many indexes as before.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from airflow_wfstate.store.migrations import functions_0011

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_BATCH: Final = 10_000
"""Rows for each UPDATE."""

_ORDER: Final = ["workflow_id", "position", "step_id", "round"]

_compensation = sa.table(
    "wfstate_compensation",
    sa.column("step_id", sa.Uuid(as_uuid=False)),
    sa.column("round", sa.Integer()),
    sa.column("last_entry", sa.BigInteger()),
)
_round = sa.table(
    "wfstate_round",
    sa.column("step_id", sa.Uuid(as_uuid=False)),
    sa.column("number", sa.Integer()),
    sa.column("last_entry", sa.BigInteger()),
)


def upgrade() -> None:
    """Move the column, and add the indexes."""
    op.add_column(
        "wfstate_compensation",
        sa.Column(
            "last_entry",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="journal number of the last entry that the round wrote itself",
        ),
    )
    _copy(_round, "number", _compensation, "round")
    op.create_index("wfstate_compensation_page", "wfstate_compensation", ["workflow_id", "last_entry"])
    op.drop_index("wfstate_compensation_order", "wfstate_compensation")
    in_line = sa.text("position IS NOT NULL")
    op.create_index(
        "wfstate_compensation_order",
        "wfstate_compensation",
        _ORDER,
        postgresql_where=in_line,
        sqlite_where=in_line,
    )
    is_pivot = sa.text("pivot")
    op.create_index(
        "wfstate_step_pivot", "wfstate_step", ["workflow_id"], postgresql_where=is_pivot, sqlite_where=is_pivot
    )
    ends = sa.text("kind IN ('compensation.retried', 'compensation.skipped', 'compensation.done')")
    op.create_index(
        "wfstate_journal_undo",
        "wfstate_journal",
        ["workflow_id", "step_id"],
        postgresql_where=ends,
        sqlite_where=ends,
    )
    _replace(functions_0011.CREATE)
    op.drop_column("wfstate_round", "last_entry")


def downgrade() -> None:
    """Move it back. A round without a compensation gets 0: its number orders nothing."""
    op.add_column(
        "wfstate_round",
        sa.Column(
            "last_entry",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="journal number of the round's last entry of its own",
        ),
    )
    _copy(_compensation, "round", _round, "number")
    if op.get_context().dialect.name == "postgresql":
        op.alter_column("wfstate_round", "last_entry", server_default=None)
    _replace(functions_0011.CREATE_OLDER)
    op.drop_index("wfstate_journal_undo", "wfstate_journal")
    op.drop_index("wfstate_step_pivot", "wfstate_step")
    op.drop_index("wfstate_compensation_order", "wfstate_compensation")
    op.create_index("wfstate_compensation_order", "wfstate_compensation", _ORDER)
    op.drop_index("wfstate_compensation_page", "wfstate_compensation")
    op.drop_column("wfstate_compensation", "last_entry")


def _copy(source: sa.TableClause, source_number: str, target: sa.TableClause, target_number: str) -> None:
    """Give each row of the target its round's number, step by step in the order of their ids, a batch at a time."""
    connection = op.get_bind()
    found = sa.select(source.c.last_entry).where(
        source.c.step_id == target.c.step_id, source.c[source_number] == target.c[target_number]
    )
    given = sa.update(target).values(last_entry=found.scalar_subquery()).where(found.exists())
    after: str | None = None
    while True:
        ids = sa.select(target.c.step_id).order_by(target.c.step_id)
        behind = [] if after is None else [target.c.step_id > after]
        last = connection.execute(ids.where(*behind).offset(_BATCH - 1).limit(1)).scalar_one_or_none()
        up_to = [] if last is None else [target.c.step_id <= last]
        connection.execute(given.where(*behind, *up_to))
        if last is None:
            return
        after = last


def _replace(functions: tuple[str, ...]) -> None:
    if op.get_context().dialect.name == "postgresql":
        for create in functions:
            op.execute(create)
