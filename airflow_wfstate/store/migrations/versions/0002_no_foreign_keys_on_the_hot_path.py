"""No foreign keys on what the hot path writes; the begin of a step returns an array instead of a set of rows.

The function gets a new name, so that older code fails clearly instead of misreading the answer.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from airflow_wfstate.store.migrations.functions_0001 import DROP_STORED_FUNCTIONS, STORED_FUNCTIONS
from airflow_wfstate.store.migrations.functions_0002 import BEGIN_FIRST_ATTEMPT, DROP_BEGIN_FIRST_ATTEMPT

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STEP_STATES = "'running', 'waiting', 'succeeded', 'failed', 'skipped', 'lost', 'compensated'"
_COMPENSATION_STATES = "'armed', 'running', 'done', 'failed', 'skipped', 'discarded', 'not_needed'"

# By table: the referring columns, the table they referred to, and the constraint's name.
_KEYS = {
    "wfstate_step": [("workflow_id", "wfstate_workflow", "wfstate_step_workflow_fkey")],
    "wfstate_round": [("step_id", "wfstate_step", "wfstate_round_step_fkey")],
    "wfstate_attempt": [("step_id", "wfstate_step", "wfstate_attempt_step_fkey")],
    "wfstate_checkpoint": [("step_id", "wfstate_step", "wfstate_checkpoint_step_fkey")],
    "wfstate_record": [("step_id", "wfstate_step", "wfstate_record_step_fkey")],
    "wfstate_compensation": [
        ("step_id", "wfstate_step", "wfstate_compensation_step_fkey"),
        ("workflow_id", "wfstate_workflow", "wfstate_compensation_workflow_fkey"),
    ],
    "wfstate_journal": [("workflow_id", "wfstate_workflow", "wfstate_journal_workflow_fkey")],
}


def upgrade() -> None:
    """Drop the keys, and replace the function."""
    for table, keys in _KEYS.items():
        with op.batch_alter_table(table, table_args=_checks(table)) as batch:
            for _, _, name in keys:
                batch.drop_constraint(name, type_="foreignkey")
    if op.get_context().dialect.name == "postgresql":
        op.execute(DROP_STORED_FUNCTIONS[0])
        op.execute(BEGIN_FIRST_ATTEMPT)


def downgrade() -> None:
    """Restore the earlier function and the keys."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(DROP_BEGIN_FIRST_ATTEMPT)
        op.execute(STORED_FUNCTIONS[0])
    for table, keys in _KEYS.items():
        with op.batch_alter_table(table, table_args=_checks(table)) as batch:
            for column, target, name in keys:
                batch.create_foreign_key(name, target, [column], ["id"])


def _checks(table: str) -> tuple[sa.CheckConstraint, ...]:
    """The table's CHECKs: SQLite recreates it to drop a key, and Alembic does not read them from the old one."""
    if op.get_context().dialect.name != "sqlite":
        return ()
    states = {
        "wfstate_step": _STEP_STATES,
        "wfstate_round": _STEP_STATES,
        "wfstate_attempt": _STEP_STATES,
        "wfstate_compensation": _COMPENSATION_STATES,
    }.get(table)
    if states is None:
        return ()
    checks = [sa.CheckConstraint(f"state IN ({states})", name=f"{table}_state_check")]
    if table == "wfstate_compensation":
        condition = "compensate_when IN ('attempted', 'completed')"
        checks.append(sa.CheckConstraint(condition, name="wfstate_compensation_when_check"))
    return tuple(checks)
