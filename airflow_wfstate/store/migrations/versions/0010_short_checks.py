"""CHECKs that PostgreSQL parses faster, because they use arrays, on the tables that each step writes.

PostgreSQL parses a CHECK in each statement that writes a row of its table. The new ones check the same as before.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

from airflow_wfstate.store.migrations import online

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_STEP_STATES = "running,waiting,succeeded,failed,skipped,lost,compensated"

_CHECKS = {
    ("wfstate_workflow", "state"): "running,succeeded,failed,compensating,compensated,compensation_failed,cancelled",
    ("wfstate_workflow", "on_failure"): "compensate,hold",
    ("wfstate_run", "role"): "owner,child,guest",
    ("wfstate_step", "state"): _STEP_STATES,
    ("wfstate_round", "state"): _STEP_STATES,
    ("wfstate_attempt", "state"): _STEP_STATES,
    ("wfstate_compensation", "state"): "armed,running,done,failed,skipped,discarded,not_needed",
    ("wfstate_compensation", "compensate_when"): "attempted,completed",
    ("wfstate_flag", "kind"): "overdue,held,child_lost,upstream_failed,queued,slow,not_completed,turn_not_taken",
}


def upgrade() -> None:
    """Replace them with arrays."""
    _replace("{column} = ANY ('{{{values}}}'::text[])")


def downgrade() -> None:
    """Replace them with lists."""
    _replace("{column} IN ({listed})")


def _replace(condition: str) -> None:
    if not online.is_postgres():
        return
    for (table, column), values in _CHECKS.items():
        name = "wfstate_compensation_when_check" if column == "compensate_when" else f"{table}_{column}_check"
        listed = ", ".join(f"'{value}'" for value in values.split(","))
        online.replace_check(name, table, condition.format(column=column, values=values, listed=listed))
