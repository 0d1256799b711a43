"""The place of a step, the hash of its arguments, the last write of an attempt, and the code it ran.

A step gets the place of the run that did its newest attempt: the step that triggered that run. If several child runs of
one DAG took part in a workflow, the first had done the steps for all of them, so no two rows become one.

The time when a workflow last left running, and since when it has its state, are taken from its journal. The table of
flags is recreated: those that follow from the workflow's own row are now computed, and the sweep finds the others again.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from airflow.utils.sqlalchemy import UtcDateTime
from alembic import op

from airflow_wfstate.store.migrations import functions_0007, online

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NIL = "0" * 32  # as SQLite keeps a UUID; PostgreSQL reads it too
_STEP_STATES = "'running', 'waiting', 'succeeded', 'failed', 'skipped', 'lost', 'compensated'"
_FLAG_KINDS = "'overdue', 'held', 'child_lost', 'upstream_failed', 'queued', 'slow', 'not_completed', 'turn_not_taken'"
_LABEL = "its label, when the entry was written"
_IDENTITY = "wfstate_step_identity_key"

_PLACE_OF_EACH_STEP = """
UPDATE wfstate_step SET place = (
    SELECT r.parent_step_id
      FROM wfstate_attempt a
      JOIN wfstate_run r ON r.dag_id = a.dag_id AND r.run_id = a.run_id
     WHERE a.step_id = wfstate_step.id AND a.number = wfstate_step.attempt
       AND r.workflow_id = wfstate_step.workflow_id AND r.role = 'child'
)
WHERE id IN :keys
"""

_HAS_A_PLACE = """
place <> COALESCE((
    SELECT r.parent_step_id
      FROM wfstate_attempt a
      JOIN wfstate_run r ON r.dag_id = a.dag_id AND r.run_id = a.run_id
     WHERE a.step_id = wfstate_step.id AND a.number = wfstate_step.attempt
       AND r.workflow_id = wfstate_step.workflow_id AND r.role = 'child'
), place)
"""
"""Condition on a step: its place differs from the one it has now."""

_OLD_REHEARSALS = """
UPDATE wfstate_run SET rehearsed_at = (
    SELECT d.created_at FROM dag_run d WHERE d.dag_id = wfstate_run.dag_id AND d.run_id = wfstate_run.run_id
)
WHERE EXISTS (
    SELECT 1 FROM dag_run d
     WHERE d.dag_id = wfstate_run.dag_id AND d.run_id = wfstate_run.run_id AND d.triggered_by = 'TEST'
)
"""

_THEIR_KEYS = """
UPDATE wfstate_workflow SET key = (
    SELECT wfstate_workflow.key || '~' || r.run_id FROM wfstate_run r
     WHERE r.workflow_id = wfstate_workflow.id AND r.role = 'owner' AND r.rehearsed_at IS NOT NULL
)
WHERE NOT implicit AND EXISTS (
    SELECT 1 FROM wfstate_run r
     WHERE r.workflow_id = wfstate_workflow.id AND r.role = 'owner' AND r.rehearsed_at IS NOT NULL
       AND length(wfstate_workflow.key) + length(r.run_id) < 250
       AND wfstate_workflow.key NOT LIKE '%~' || r.run_id
)
"""
"""A rehearsal used the plain key if nobody else had: a real run would have joined what was only a test."""

_TIMES_AND_ERRORS = """
UPDATE wfstate_workflow SET forward_ended_at = CASE WHEN state <> 'running' THEN (
    SELECT min(j.at)
      FROM wfstate_journal j
     WHERE j.workflow_id = wfstate_workflow.id
       AND j.kind IN ('workflow.succeeded', 'workflow.failed', 'workflow.cancelled', 'workflow.compensating')
       AND j.number > COALESCE((
           SELECT max(r.number)
             FROM wfstate_journal r
            WHERE r.workflow_id = wfstate_workflow.id AND r.kind IN ('workflow.resumed', 'workflow.reopened')
       ), 0)
) END,
state_changed_at = (
    SELECT max(j.at)
      FROM wfstate_journal j
     WHERE j.workflow_id = wfstate_workflow.id AND j.kind LIKE 'workflow.%' AND j.kind <> 'workflow.overdue'
),
error = CASE WHEN state NOT IN ('running', 'succeeded') THEN error END
WHERE id IN :keys
"""


def upgrade() -> None:
    """Add the columns, give each step its place, and make the place part of its identity."""
    _add_columns()
    online.create_index("wfstate_run_parent_step", "wfstate_run", ["parent_step_id"])
    _add_place()
    online.in_batches("wfstate_step", "id", _PLACE_OF_EACH_STEP, needed=_HAS_A_PLACE)
    if sa.inspect(op.get_bind()).has_table("dag_run"):
        online.briefly(lambda: op.execute(_OLD_REHEARSALS))
        online.briefly(lambda: op.execute(_THEIR_KEYS))
    online.in_batches("wfstate_workflow", "id", _TIMES_AND_ERRORS)
    online.briefly(lambda: _recreate_flag_table(_found_at()))
    _functions(functions_0007.DROP_OLDER, functions_0007.CREATE)
    online.commit()
    # Again for steps that the older functions began in the meantime.
    online.in_batches("wfstate_step", "id", _PLACE_OF_EACH_STEP, needed=_HAS_A_PLACE)


def _add_columns() -> None:
    online.add_columns(
        "wfstate_run",
        sa.Column(
            "clears_at_failure",
            sa.Integer(),
            nullable=True,
            comment="Airflow's clear_number of the run when the workflow last failed",
        ),
        sa.Column(
            "rehearsed_at",
            UtcDateTime(),
            nullable=True,
            comment="of a test run: when Airflow created it; NULL for a real run",
        ),
    )
    online.add_columns(
        "wfstate_round",
        sa.Column(
            "arguments_sha256",
            sa.String(64),
            nullable=True,
            comment="of the step's arguments: tells a repetition from a collision",
        ),
    )
    online.add_columns(
        "wfstate_workflow",
        sa.Column(
            "relay_code",
            sa.String(20),
            nullable=True,
            comment="the code that its relays use, as a person asked; null: as Airflow decides",
        ),
        sa.Column("state_changed_at", UtcDateTime(), nullable=True, comment="since when it is in its state"),
        sa.Column(
            "forward_ended_at",
            UtcDateTime(),
            nullable=True,
            comment="when it last left running: what follows is its undo",
        ),
    )
    online.add_columns(
        "wfstate_attempt",
        sa.Column("last_write_sha256", sa.String(64), nullable=True, comment="of what that write said"),
        sa.Column(
            "dag_version_id",
            sa.Uuid(as_uuid=False),
            nullable=True,
            comment="of Airflow: the DAG's version that the attempt ran",
        ),
        sa.Column("bundle_version", sa.String(250), nullable=True, comment="of that DAG's bundle; for Git the commit"),
    )
    online.briefly(_lengthen_labels)
    online.add_columns(
        "wfstate_journal",
        sa.Column("step_id", sa.Uuid(as_uuid=False), nullable=True, comment="of that step: labels may gain a place"),
    )


def _lengthen_labels() -> None:
    """On PostgreSQL without rewriting the table: varchar and text are stored alike."""
    with op.batch_alter_table("wfstate_journal") as batch:
        batch.alter_column("step", existing_type=sa.String(754), type_=sa.Text(), comment=_LABEL)


def _add_place() -> None:
    place = sa.Column(
        "place",
        sa.Uuid(as_uuid=False),
        server_default=_NIL,
        nullable=False,
        comment="the step that triggered the participant's run; the nil UUID for owners and guests",
    )
    identity = ["workflow_id", "participant", "place", "name", "item_key"]
    if online.is_postgres():
        online.add_columns("wfstate_step", place)
        online.replace_unique(_IDENTITY, "wfstate_step", identity)
        return
    with op.batch_alter_table("wfstate_step", table_args=_checks()) as batch:
        batch.add_column(place)
        batch.drop_constraint(_IDENTITY, type_="unique")
        batch.create_unique_constraint(_IDENTITY, identity)


def downgrade() -> None:
    """Drop them. Fails if two places of a workflow have a step with the same name, as only the place tells them apart."""
    _functions(functions_0007.DROP, functions_0007.CREATE_OLDER)
    with op.batch_alter_table("wfstate_step", table_args=_checks()) as batch:
        batch.drop_constraint(_IDENTITY, type_="unique")
        batch.create_unique_constraint(_IDENTITY, ["workflow_id", "participant", "name", "item_key"])
        batch.drop_column("place")
    _recreate_flag_table()
    op.drop_column("wfstate_workflow", "forward_ended_at")
    op.drop_column("wfstate_workflow", "state_changed_at")
    with op.batch_alter_table("wfstate_journal") as batch:
        batch.drop_column("step_id")
        batch.alter_column("step", existing_type=sa.Text(), type_=sa.String(754), comment=None)
    for column in ("bundle_version", "dag_version_id", "last_write_sha256"):
        op.drop_column("wfstate_attempt", column)
    op.drop_column("wfstate_round", "arguments_sha256")
    op.drop_index("wfstate_run_parent_step", "wfstate_run")
    op.drop_column("wfstate_run", "rehearsed_at")
    op.drop_column("wfstate_run", "clears_at_failure")
    op.drop_column("wfstate_workflow", "relay_code")


def _found_at() -> sa.Column[Any]:
    return sa.Column(
        "found_at", UtcDateTime(), nullable=False, comment="shown unless the workflow's state has changed since"
    )


def _recreate_flag_table(*further: sa.Column[Any]) -> None:
    """Recreate the table empty: the next sweep finds again whatever still applies."""
    op.drop_table("wfstate_flag")
    op.create_table(
        "wfstate_flag",
        sa.Column("workflow_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("owner", sa.String(length=2000), nullable=True, comment="of the DAG concerned"),
        sa.Column("command", sa.Text(), nullable=False, comment="that would help"),
        *further,
        sa.CheckConstraint(f"kind IN ({_FLAG_KINDS})", name="wfstate_flag_kind_check"),
        sa.ForeignKeyConstraint(["workflow_id"], ["wfstate_workflow.id"], name="wfstate_flag_workflow_fkey"),
        sa.PrimaryKeyConstraint("workflow_id", "kind", name="wfstate_flag_pkey"),
    )


def _functions(drop: tuple[str, ...], create: tuple[str, ...]) -> None:
    if op.get_context().dialect.name == "postgresql":
        for statement in (*drop, *create):
            op.execute(statement)


def _checks() -> tuple[sa.CheckConstraint, ...]:
    """The table's CHECKs: SQLite recreates it to change a key, and Alembic does not read them from the old one."""
    if op.get_context().dialect.name != "sqlite":
        return ()
    return (sa.CheckConstraint(f"state IN ({_STEP_STATES})", name="wfstate_step_state_check"),)
