"""Waits of tasks, and the tokens with which someone outside ends one.

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from airflow.utils.sqlalchemy import UtcDateTime
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_KINDS = ("workflow", "step", "event", "token")
_OUTCOMES = ("arrived", "impossible", "expired")


def _one_of(column: str, values: tuple[str, ...], name: str) -> sa.CheckConstraint:
    if op.get_context().dialect.name == "postgresql":
        return sa.CheckConstraint(f"{column} = ANY ('{{{','.join(values)}}}'::text[])", name=name)
    return sa.CheckConstraint(f"{column} IN ({', '.join(map(repr, values))})", name=name)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "wfstate_wait",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column(
            "waiter", sa.String(64), nullable=False, comment="of who waits: a task of a run, or a round of a step"
        ),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("target", sa.Text(), nullable=False, comment="canonical JSON: what is waited for"),
        sa.Column("target_name", sa.String(250), comment="of the workflow that is waited for; null: none is"),
        sa.Column("target_key", sa.String(250)),
        sa.Column(
            "target_workflow_id", sa.Uuid(as_uuid=False), comment="null: it has not started, or none is waited for"
        ),
        sa.Column("target_participant", sa.String(250), comment="of the step that is waited for; null: none is"),
        sa.Column("target_step", sa.String(250)),
        sa.Column("target_item_key", sa.String(250)),
        sa.Column("target_event", sa.String(250), comment="type of the event that is waited for; null: none is"),
        sa.Column(
            "target_correlation_id",
            sa.String(250),
            comment="of the workflow that the event is about, where that tells it",
        ),
        sa.Column(
            "workflow_wakes",
            sa.String(100),
            comment="states of the workflow that may end the wait, each between commas",
        ),
        sa.Column("step_wakes", sa.String(100), comment="likewise of the step"),
        sa.Column(
            "workflow_id", sa.Uuid(as_uuid=False), comment="of the step that waits; null: a task that is no step"
        ),
        sa.Column("step_id", sa.Uuid(as_uuid=False)),
        sa.Column("round", sa.Integer()),
        sa.Column(
            "task_instance_id",
            sa.Uuid(as_uuid=False),
            nullable=False,
            comment="of the try that registered it last",
        ),
        sa.Column("dag_id", sa.String(250), nullable=False),
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("task_id", sa.String(250), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("deadline_at", UtcDateTime(), comment="null: never"),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("outcome", sa.String(20)),
        sa.Column("reason", sa.Text(), comment="why it ended without success"),
        sa.Column("state", sa.String(20), comment="in which the workflow or the step was found at the end"),
        sa.Column("output", sa.Text(), comment="that was sent with a token, or the data of the event"),
        sa.Column("output_type", sa.String(250)),
        sa.Column("output_sha256", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="wfstate_wait_pkey"),
        sa.UniqueConstraint("waiter", name="wfstate_wait_waiter_key"),
        _one_of("kind", _KINDS, "wfstate_wait_kind_check"),
        _one_of("outcome", _OUTCOMES, "wfstate_wait_outcome_check"),
    )
    has_step = sa.text("step_id IS NOT NULL")
    op.create_index("wfstate_wait_step", "wfstate_wait", ["step_id"], postgresql_where=has_step, sqlite_where=has_step)
    op.create_table(
        "wfstate_token",
        sa.Column("sha256", sa.String(64), nullable=False, comment="of the token, which is kept nowhere"),
        sa.Column("wait_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime()),
        sa.Column("body_sha256", sa.String(64), comment="of what was sent with it"),
        sa.PrimaryKeyConstraint("sha256", name="wfstate_token_pkey"),
    )
    op.create_index("wfstate_token_wait", "wfstate_token", ["wait_id"])


def downgrade() -> None:
    """Drop them. Waiting tasks register again when their trigger next asks."""
    op.drop_table("wfstate_token")
    op.drop_table("wfstate_wait")
