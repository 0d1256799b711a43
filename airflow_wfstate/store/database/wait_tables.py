"""The tables of waits, and of the tokens that end some of them."""

from __future__ import annotations

from typing import Final

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, String, Table, Text, UniqueConstraint

from airflow_wfstate.domain.rules.waiting import WaitKind, WaitOutcome
from airflow_wfstate.store.database.columns import SHA256, STATE, TYPE, id_, metadata, name, one_of, partial_index

wait: Final = Table(
    "wfstate_wait",
    metadata,
    Column("id", id_(), nullable=False),
    Column("waiter", SHA256, nullable=False, comment="of who waits: a task of a run, or a round of a step"),
    Column("kind", STATE, nullable=False),
    Column("target", Text, nullable=False, comment="canonical JSON: what is waited for"),
    Column("target_name", name(), comment="of the workflow that is waited for; null: none is"),
    Column("target_key", name()),
    Column("target_workflow_id", id_(), comment="null: it has not started, or none is waited for"),
    Column("target_participant", name(), comment="of the step that is waited for; null: none is"),
    Column("target_step", name()),
    Column("target_item_key", name()),
    Column("target_event", name(), comment="type of the event that is waited for; null: none is"),
    Column("target_correlation_id", name(), comment="of the workflow that the event is about, where that tells it"),
    Column("workflow_wakes", String(100), comment="states of the workflow that may end the wait, each between commas"),
    Column("step_wakes", String(100), comment="likewise of the step"),
    Column("workflow_id", id_(), comment="of the step that waits; null: a task that is no step"),
    Column("step_id", id_()),
    Column("round", Integer),
    Column("task_instance_id", id_(), nullable=False, comment="of the try that registered it last"),
    Column("dag_id", name(), nullable=False),
    Column("run_id", name(), nullable=False),
    Column("task_id", name(), nullable=False),
    Column("map_index", Integer, nullable=False),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("deadline_at", UtcDateTime, comment="null: never"),
    Column("ended_at", UtcDateTime),
    Column("outcome", STATE),
    Column("reason", Text, comment="why it ended without success"),
    Column("state", STATE, comment="in which the workflow or the step was found at the end"),
    Column("output", Text, comment="that was sent with a token, or the data of the event"),
    Column("output_type", TYPE),
    Column("output_sha256", SHA256),
    PrimaryKeyConstraint("id", name="wfstate_wait_pkey"),
    UniqueConstraint("waiter", name="wfstate_wait_waiter_key"),
    *one_of("kind", WaitKind, "wfstate_wait_kind_check"),
    *one_of("outcome", WaitOutcome, "wfstate_wait_outcome_check"),
    partial_index("wfstate_wait_step", "step_id", where="step_id IS NOT NULL"),
)

token: Final = Table(
    "wfstate_token",
    metadata,
    Column("sha256", SHA256, nullable=False, comment="of the token, which is kept nowhere"),
    Column("wait_id", id_(), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("body_sha256", SHA256, comment="of what was sent with it"),
    PrimaryKeyConstraint("sha256", name="wfstate_token_pkey"),
    Index("wfstate_token_wait", "wait_id"),
)
