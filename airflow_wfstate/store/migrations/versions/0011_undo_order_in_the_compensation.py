"""The order of an undo is stored in the compensation's own row, and pivots get an index: faster for wide workflows.

The number of a round's last journal entry was only used for the order of its undo, so it moves from the round to its
compensation. An index by workflow contains it there, so reading a page of compensations reads one page. The index of the
next compensation contains only those with a position, so a running step still updates as many indexes as before.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from airflow_wfstate.store.migrations import functions_0011, online

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ORDER: Final = ["workflow_id", "position", "step_id", "round"]

_COPY: Final = """
UPDATE {target} SET last_entry = (
    SELECT s.last_entry FROM {source} s WHERE s.step_id = {target}.step_id AND s.{source_number} = {target}.{target_number}
)
WHERE step_id IN :keys AND EXISTS (
    SELECT 1 FROM {source} s
     WHERE s.step_id = {target}.step_id AND s.{source_number} = {target}.{target_number}
       AND s.last_entry > {target}.last_entry
)
"""
_TO_COMPENSATIONS: Final = _COPY.format(
    source="wfstate_round", source_number="number", target="wfstate_compensation", target_number="round"
)
_TO_ROUNDS: Final = _COPY.format(
    source="wfstate_compensation", source_number="round", target="wfstate_round", target_number="number"
)


def upgrade() -> None:
    """Move the column, and add the indexes."""
    online.add_columns(
        "wfstate_compensation",
        sa.Column(
            "last_entry",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="journal number of the last entry that the round wrote itself",
        ),
    )
    moves = online.has_column("wfstate_round", "last_entry")
    if moves and online.is_postgres():
        # The new functions no longer write it.
        online.briefly(lambda: op.alter_column("wfstate_round", "last_entry", server_default="0"))
    _replace(functions_0011.CREATE)
    online.commit()
    # An index is built after all running transactions have ended, including those of the older functions.
    online.create_index("wfstate_step_pivot", "wfstate_step", ["workflow_id"], where="pivot")
    if moves:
        online.in_batches("wfstate_compensation", "step_id", _TO_COMPENSATIONS)
        online.drop_column("wfstate_round", "last_entry")
    # After the copy, which it would make twice as long.
    online.create_index("wfstate_compensation_page", "wfstate_compensation", ["workflow_id", "last_entry"])
    online.replace_index("wfstate_compensation_order", "wfstate_compensation", _ORDER, where="position IS NOT NULL")
    online.create_index(
        "wfstate_journal_undo",
        "wfstate_journal",
        ["workflow_id", "step_id"],
        where="kind IN ('compensation.retried', 'compensation.skipped', 'compensation.done')",
    )


def downgrade() -> None:
    """Move it back. A round without a compensation gets 0, as its number orders nothing."""
    online.add_columns(
        "wfstate_round",
        sa.Column(
            "last_entry",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="journal number of the round's last entry of its own",
        ),
    )
    online.in_batches("wfstate_round", "step_id", _TO_ROUNDS)
    if op.get_context().dialect.name == "postgresql":
        op.alter_column("wfstate_round", "last_entry", server_default=None)
    _replace(functions_0011.CREATE_OLDER)
    op.drop_index("wfstate_journal_undo", "wfstate_journal")
    op.drop_index("wfstate_step_pivot", "wfstate_step")
    op.drop_index("wfstate_compensation_order", "wfstate_compensation")
    op.create_index("wfstate_compensation_order", "wfstate_compensation", _ORDER)
    op.drop_index("wfstate_compensation_page", "wfstate_compensation")
    op.drop_column("wfstate_compensation", "last_entry")


def _replace(functions: tuple[str, ...]) -> None:
    if op.get_context().dialect.name == "postgresql":
        for create in functions:
            op.execute(create)
