"""The first tables: workflows, runs, steps, rounds, attempts, checkpoints, compensations, turns, journal.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from airflow.utils.sqlalchemy import UtcDateTime
from alembic import op

from airflow_wfstate.store.migrations.functions_0001 import DROP_STORED_FUNCTIONS, STORED_FUNCTIONS

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "wfstate_definition",
        sa.Column("name", sa.String(length=250), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="of the content: the definition's version"),
        sa.Column("content", sa.Text(), nullable=False, comment="canonical JSON: plan, participants, policy, deadline"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", "sha256", name="wfstate_definition_pkey"),
    )
    op.create_table(
        "wfstate_request",
        sa.Column("idempotency_key", sa.String(length=500), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("idempotency_key", name="wfstate_request_pkey"),
    )
    op.create_index("wfstate_request_created", "wfstate_request", ["created_at"], unique=False)
    op.create_table(
        "wfstate_sweep",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("leased_until", UtcDateTime(), nullable=False, comment="nobody else sweeps before"),
        sa.Column("finished_at", UtcDateTime(), nullable=True, comment="of the last complete pass"),
        sa.CheckConstraint("id = 1", name="wfstate_sweep_single_check"),
        sa.PrimaryKeyConstraint("id", name="wfstate_sweep_pkey"),
    )
    op.create_table(
        "wfstate_workflow",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.String(length=250), nullable=False),
        sa.Column("key", sa.String(length=250), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("correlation_id", sa.String(length=250), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="grows with each change"),
        sa.Column("journal_count", sa.BigInteger(), nullable=False, comment="number of the last journal entry"),
        sa.Column("definition_sha256", sa.String(length=64), nullable=False),
        sa.Column("implicit", sa.Boolean(), nullable=False, comment="started by a step, not by an operator"),
        sa.Column(
            "reopened", sa.Boolean(), nullable=False, comment="had succeeded: never compensated by itself any more"
        ),
        sa.Column("on_failure", sa.String(length=20), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("input_type", sa.String(length=250), nullable=False),
        sa.Column("input_sha256", sa.String(length=64), nullable=False),
        sa.Column("output", sa.Text(), nullable=True),
        sa.Column("output_type", sa.String(length=250), nullable=True),
        sa.Column("output_sha256", sa.String(length=64), nullable=True),
        sa.Column("error", sa.Text(), nullable=True, comment="of the first failure"),
        sa.Column("hold_reason", sa.Text(), nullable=True, comment="why it waits for a person"),
        sa.Column("secret", sa.String(length=64), nullable=False, comment="signs attempt keys; never leaves the store"),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("deadline_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("on_failure IN ('compensate', 'hold')", name="wfstate_workflow_on_failure_check"),
        sa.CheckConstraint(
            "state IN ('running', 'succeeded', 'failed', 'compensating', 'compensated', 'compensation_failed', 'cancelled')",
            name="wfstate_workflow_state_check",
        ),
        sa.CheckConstraint("generation >= 1", name="wfstate_workflow_generation_check"),
        sa.ForeignKeyConstraint(
            ["name", "definition_sha256"],
            ["wfstate_definition.name", "wfstate_definition.sha256"],
            name="wfstate_workflow_definition_fkey",
        ),
        sa.PrimaryKeyConstraint("id", name="wfstate_workflow_pkey"),
        sa.UniqueConstraint("name", "key", "generation", name="wfstate_workflow_generation_key"),
    )
    op.create_index("wfstate_workflow_correlation", "wfstate_workflow", ["correlation_id"], unique=False)
    op.create_index("wfstate_workflow_key", "wfstate_workflow", ["key"], unique=False)
    op.create_index(
        "wfstate_workflow_open_key",
        "wfstate_workflow",
        ["name", "key"],
        unique=True,
        postgresql_where=sa.text("state IN ('running', 'failed', 'compensating', 'compensation_failed')"),
        sqlite_where=sa.text("state IN ('running', 'failed', 'compensating', 'compensation_failed')"),
    )
    op.create_index("wfstate_workflow_started", "wfstate_workflow", ["started_at", "id"], unique=False)
    op.create_index("wfstate_workflow_state", "wfstate_workflow", ["state", "started_at", "id"], unique=False)
    op.create_table(
        "wfstate_journal",
        sa.Column("workflow_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("step", sa.String(length=754), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(length=1000), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["workflow_id"], ["wfstate_workflow.id"], name="wfstate_journal_workflow_fkey"),
        sa.PrimaryKeyConstraint("workflow_id", "number", name="wfstate_journal_pkey"),
    )
    op.create_table(
        "wfstate_run",
        sa.Column("workflow_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("dag_id", sa.String(length=250), nullable=False),
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("bound", sa.Boolean(), nullable=False, comment="whether the run's calls go to this workflow now"),
        sa.Column(
            "relay_task_id", sa.String(length=250), nullable=True, comment="the DAG's CompensateWorkflowOperator"
        ),
        sa.Column(
            "parent_step_id", sa.Uuid(as_uuid=False), nullable=True, comment="of a child: the step that triggers it"
        ),
        sa.Column("linked_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("role IN ('owner', 'child', 'guest')", name="wfstate_run_role_check"),
        sa.ForeignKeyConstraint(["workflow_id"], ["wfstate_workflow.id"], name="wfstate_run_workflow_fkey"),
        sa.PrimaryKeyConstraint("workflow_id", "dag_id", "run_id", name="wfstate_run_pkey"),
    )
    op.create_index(
        "wfstate_run_bound",
        "wfstate_run",
        ["dag_id", "run_id"],
        unique=True,
        postgresql_where=sa.text("bound"),
        sqlite_where=sa.text("bound"),
    )
    op.create_table(
        "wfstate_step",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("workflow_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("participant", sa.String(length=250), nullable=False),
        sa.Column("name", sa.String(length=250), nullable=False),
        sa.Column("item_key", sa.String(length=250), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False, comment="number of the newest round"),
        sa.Column("attempt", sa.Integer(), nullable=False, comment="number of the newest attempt: the fencing token"),
        sa.Column("error", sa.Text(), nullable=True, comment="of the newest attempt"),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "state IN ('running', 'waiting', 'succeeded', 'failed', 'skipped', 'lost', 'compensated')",
            name="wfstate_step_state_check",
        ),
        sa.ForeignKeyConstraint(["workflow_id"], ["wfstate_workflow.id"], name="wfstate_step_workflow_fkey"),
        sa.PrimaryKeyConstraint("id", name="wfstate_step_pkey"),
        sa.UniqueConstraint("workflow_id", "participant", "name", "item_key", name="wfstate_step_identity_key"),
    )
    op.create_table(
        "wfstate_turn",
        sa.Column("workflow_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("step_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("dag_id", sa.String(length=250), nullable=False),
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column(
            "relay_task_instance_id",
            sa.Uuid(as_uuid=False),
            nullable=True,
            comment="the relay's, when the turn was given: a new one shows it runs",
        ),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["workflow_id"], ["wfstate_workflow.id"], name="wfstate_turn_workflow_fkey"),
        sa.PrimaryKeyConstraint("workflow_id", name="wfstate_turn_pkey"),
    )
    op.create_table(
        "wfstate_attempt",
        sa.Column("step_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("last_write", sa.BigInteger(), nullable=False, comment="number of the last write that was applied"),
        sa.Column("task_instance_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("dag_id", sa.String(length=250), nullable=False),
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("task_id", sa.String(length=250), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('running', 'waiting', 'succeeded', 'failed', 'skipped', 'lost', 'compensated')",
            name="wfstate_attempt_state_check",
        ),
        sa.ForeignKeyConstraint(["step_id"], ["wfstate_step.id"], name="wfstate_attempt_step_fkey"),
        sa.PrimaryKeyConstraint("step_id", "number", name="wfstate_attempt_pkey"),
    )
    op.create_table(
        "wfstate_checkpoint",
        sa.Column("step_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=250), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("value_type", sa.String(length=250), nullable=False),
        sa.Column("value_sha256", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["step_id"], ["wfstate_step.id"], name="wfstate_checkpoint_step_fkey"),
        sa.PrimaryKeyConstraint("step_id", "round", "name", name="wfstate_checkpoint_pkey"),
    )
    op.create_table(
        "wfstate_compensation",
        sa.Column("step_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("workflow_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column("compensate_when", sa.String(length=20), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("task_instance_id", sa.Uuid(as_uuid=False), nullable=True, comment="of the relay that runs it"),
        sa.Column(
            "dag_id",
            sa.String(length=250),
            nullable=False,
            comment="of the run that did the round, whose relay undoes it",
        ),
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("compensate_when IN ('attempted', 'completed')", name="wfstate_compensation_when_check"),
        sa.CheckConstraint(
            "state IN ('armed', 'running', 'done', 'failed', 'skipped', 'discarded', 'not_needed')",
            name="wfstate_compensation_state_check",
        ),
        sa.ForeignKeyConstraint(["step_id"], ["wfstate_step.id"], name="wfstate_compensation_step_fkey"),
        sa.ForeignKeyConstraint(["workflow_id"], ["wfstate_workflow.id"], name="wfstate_compensation_workflow_fkey"),
        sa.PrimaryKeyConstraint("step_id", "round", name="wfstate_compensation_pkey"),
    )
    op.create_index("wfstate_compensation_workflow", "wfstate_compensation", ["workflow_id"], unique=False)
    op.create_table(
        "wfstate_record",
        sa.Column("step_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=250), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("value_type", sa.String(length=250), nullable=False),
        sa.Column("value_sha256", sa.String(length=64), nullable=False),
        sa.Column("is_error", sa.Boolean(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column(
            "write", sa.BigInteger(), nullable=False, comment="number of the write: records are read in this order"
        ),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["step_id"], ["wfstate_step.id"], name="wfstate_record_step_fkey"),
        sa.PrimaryKeyConstraint("step_id", "round", "name", name="wfstate_record_pkey"),
    )
    op.create_table(
        "wfstate_round",
        sa.Column("step_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column(
            "last_entry", sa.BigInteger(), nullable=False, comment="journal number of the round's last entry of its own"
        ),
        sa.Column("output", sa.Text(), nullable=True),
        sa.Column("output_type", sa.String(length=250), nullable=True),
        sa.Column("output_sha256", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "state IN ('running', 'waiting', 'succeeded', 'failed', 'skipped', 'lost', 'compensated')",
            name="wfstate_round_state_check",
        ),
        sa.ForeignKeyConstraint(["step_id"], ["wfstate_step.id"], name="wfstate_round_step_fkey"),
        sa.PrimaryKeyConstraint("step_id", "number", name="wfstate_round_pkey"),
    )
    if op.get_context().dialect.name == "postgresql":
        for function in STORED_FUNCTIONS:
            op.execute(function)


def downgrade() -> None:
    """Drop the tables with everything in them."""
    if op.get_context().dialect.name == "postgresql":
        for function in DROP_STORED_FUNCTIONS:
            op.execute(function)

    op.drop_table("wfstate_round")
    op.drop_table("wfstate_record")
    op.drop_index("wfstate_compensation_workflow", table_name="wfstate_compensation")
    op.drop_table("wfstate_compensation")
    op.drop_table("wfstate_checkpoint")
    op.drop_table("wfstate_attempt")
    op.drop_table("wfstate_turn")
    op.drop_table("wfstate_step")
    op.drop_index(
        "wfstate_run_bound", table_name="wfstate_run", postgresql_where=sa.text("bound"), sqlite_where=sa.text("bound")
    )
    op.drop_table("wfstate_run")
    op.drop_table("wfstate_journal")
    op.drop_index("wfstate_workflow_state", table_name="wfstate_workflow")
    op.drop_index("wfstate_workflow_started", table_name="wfstate_workflow")
    op.drop_index(
        "wfstate_workflow_open_key",
        table_name="wfstate_workflow",
        postgresql_where=sa.text("state IN ('running', 'failed', 'compensating', 'compensation_failed')"),
        sqlite_where=sa.text("state IN ('running', 'failed', 'compensating', 'compensation_failed')"),
    )
    op.drop_index("wfstate_workflow_key", table_name="wfstate_workflow")
    op.drop_index("wfstate_workflow_correlation", table_name="wfstate_workflow")
    op.drop_table("wfstate_workflow")
    op.drop_table("wfstate_sweep")
    op.drop_index("wfstate_request_created", table_name="wfstate_request")
    op.drop_table("wfstate_request")
    op.drop_table("wfstate_definition")
