"""The ``wfstate_*`` tables, in Airflow's metadata database. No foreign key leads into Airflow's own tables.

Payloads (``input``, ``output``, ``value``) are TEXT: exactly the canonical bytes that were hashed, or one of the other
forms of ``stored_payload.py``. Ids are UUIDv7.
Times are UTC from the database's clock. States are VARCHAR with a CHECK derived from the state tables.

What the hot path writes (steps, rounds, attempts, checkpoints, records, compensations, journal entries) has no foreign
key to its workflow or step: every such row is written under the lock of the row that the key would look for, and the
checks were a twelfth of the server's time for the life of a step (0.645 ms with them, 0.598 without; measured).
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TextClause,
    UniqueConstraint,
    Uuid,
    false,
    text,
    true,
)

from airflow_wfstate.domain.compensation import CompensateWhen
from airflow_wfstate.domain.flag import FlagKind
from airflow_wfstate.domain.names import MAX_NAME_LENGTH
from airflow_wfstate.domain.pages import NO_PARENT_STEP
from airflow_wfstate.domain.states import OPEN_WORKFLOW_STATES, CompensationState, StepState, WorkflowState
from airflow_wfstate.domain.workflow import FailurePolicy, RunRole

metadata: Final = MetaData()

NO_PLACE: Final = NO_PARENT_STEP
"""The ``place`` of the steps of runs that no step has triggered. Not NULL: the identity of a step is a unique key."""

_SHA256: Final = String(64)
_STATE: Final = String(20)
_TYPE: Final = String(MAX_NAME_LENGTH)


def _name() -> String:
    return String(MAX_NAME_LENGTH)


def _id() -> Uuid[str]:
    return Uuid(as_uuid=False)


def _one_of(column: str, values: type[Enum], name: str) -> CheckConstraint:
    listed = ", ".join(f"'{member.value}'" for member in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name)


def _partial_index(name: str, *columns: str, where: str | TextClause, unique: bool = False) -> Index:
    condition = text(where) if isinstance(where, str) else where
    return Index(name, *columns, unique=unique, postgresql_where=condition, sqlite_where=condition)


_OPEN: Final = ", ".join(f"'{state.value}'" for state in OPEN_WORKFLOW_STATES)

WORKING_STATES: Final = (WorkflowState.RUNNING, WorkflowState.COMPENSATING)
"""A workflow in any other state changes only when somebody acts on it, or a late task reports."""

_AT_WORK: Final = ", ".join(f"'{state.value}'" for state in WORKING_STATES)

definition: Final = Table(
    "wfstate_definition",
    metadata,
    Column("name", _name(), nullable=False),
    Column("sha256", _SHA256, nullable=False, comment="of the content: the definition's version"),
    Column("content", Text, nullable=False, comment="canonical JSON: plan, participants, policy, deadline"),
    Column("created_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("name", "sha256", name="wfstate_definition_pkey"),
)

workflow: Final = Table(
    "wfstate_workflow",
    metadata,
    Column("id", _id(), nullable=False),
    Column("name", _name(), nullable=False),
    Column("key", _name(), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("correlation_id", _name(), nullable=False),
    Column("state", _STATE, nullable=False),
    Column("version", BigInteger, nullable=False, comment="grows with each change"),
    Column("journal_count", BigInteger, nullable=False, comment="number of the last journal entry"),
    Column("definition_sha256", _SHA256, nullable=False),
    Column("implicit", Boolean, nullable=False, comment="started by a step, not by an operator"),
    Column("has_dag", Boolean, nullable=False, server_default=true(), comment="false: started by a service outside"),
    Column("reopened", Boolean, nullable=False, comment="had succeeded: never compensated by itself any more"),
    Column("on_failure", _STATE, nullable=False),
    Column("input", Text, nullable=False),
    Column("input_type", _TYPE, nullable=False),
    Column("input_sha256", _SHA256, nullable=False),
    Column("output", Text),
    Column("output_type", _TYPE),
    Column("output_sha256", _SHA256),
    Column("error", Text, comment="of the first failure"),
    Column("hold_reason", Text, comment="why it waits for a person"),
    Column("secret", String(64), nullable=False, comment="signs attempt keys; never leaves the store"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("state_changed_at", UtcDateTime, comment="since when it is in its state"),
    Column("forward_ended_at", UtcDateTime, comment="when it last left running: what follows is its undo"),
    Column("ended_at", UtcDateTime),
    # Generated, so that it stays NULL while the row of one that is at work is updated: an index on updated_at itself
    # would end those updates' being HOT.
    Column(
        "settled_at",
        UtcDateTime,
        Computed(f"CASE WHEN state NOT IN ({_AT_WORK}) THEN updated_at END", persisted=True),
        comment="updated_at, of one that is not at work",
    ),
    Column("deadline_at", UtcDateTime),
    Column("deadline_acted_at", UtcDateTime, comment="when the policy of this deadline was carried out"),
    Column("relay_code", _STATE, comment="the code that its relays use, as a person asked; null: as Airflow decides"),
    PrimaryKeyConstraint("id", name="wfstate_workflow_pkey"),
    ForeignKeyConstraint(
        ["name", "definition_sha256"],
        ["wfstate_definition.name", "wfstate_definition.sha256"],
        name="wfstate_workflow_definition_fkey",
    ),
    UniqueConstraint("name", "key", "generation", name="wfstate_workflow_generation_key"),
    _one_of("state", WorkflowState, "wfstate_workflow_state_check"),
    _one_of("on_failure", FailurePolicy, "wfstate_workflow_on_failure_check"),
    CheckConstraint("generation >= 1", name="wfstate_workflow_generation_check"),
    _partial_index("wfstate_workflow_open_key", "name", "key", where=f"state IN ({_OPEN})", unique=True),
    Index("wfstate_workflow_started", "started_at", "id"),
    Index("wfstate_workflow_state", "state", "started_at", "id"),
    Index("wfstate_workflow_settled", "settled_at", "id"),
    # So narrow that a million are counted in 60 to 100 ms; by the one above it took 280 (PostgreSQL, measured).
    Index("wfstate_workflow_count", "state"),
    _partial_index("wfstate_workflow_deadline", "deadline_at", where="deadline_at IS NOT NULL"),
    Index("wfstate_workflow_key", "key"),
    Index("wfstate_workflow_correlation", "correlation_id"),
    _partial_index("wfstate_workflow_without_dag", "id", where="NOT has_dag"),
    # How a text begins is found by an index in the order of bytes alone (PostgreSQL, "Operator Classes").
    Index("wfstate_workflow_key_prefix", "key", postgresql_ops={"key": "varchar_pattern_ops"}),
    Index(
        "wfstate_workflow_correlation_prefix",
        "correlation_id",
        postgresql_ops={"correlation_id": "varchar_pattern_ops"},
    ),
)

label: Final = Table(
    "wfstate_label",
    metadata,
    Column("workflow_id", _id(), nullable=False),
    Column("name", _name(), nullable=False),
    Column("value", _name(), nullable=False),
    PrimaryKeyConstraint("workflow_id", "name", name="wfstate_label_pkey"),
    ForeignKeyConstraint(["workflow_id"], ["wfstate_workflow.id"], name="wfstate_label_workflow_fkey"),
    Index("wfstate_label_value", "name", "value", "workflow_id"),
)

run: Final = Table(
    "wfstate_run",
    metadata,
    Column("workflow_id", _id(), nullable=False),
    Column("dag_id", _name(), nullable=False),
    Column("run_id", _name(), nullable=False),
    Column("role", _STATE, nullable=False),
    Column("bound", Boolean, nullable=False, comment="whether the run's calls go to this workflow now"),
    Column("relay_task_id", _name(), comment="the DAG's CompensateWorkflowOperator"),
    Column("parent_step_id", _id(), comment="of a child: the step that triggers it"),
    Column("clears_at_failure", Integer, comment="Airflow's clear_number of the run when the workflow last failed"),
    Column("linked_at", UtcDateTime, nullable=False),
    Column("rehearsed_at", UtcDateTime, comment="of a test run: when Airflow created it; NULL for a real run"),
    PrimaryKeyConstraint("workflow_id", "dag_id", "run_id", name="wfstate_run_pkey"),
    ForeignKeyConstraint(["workflow_id"], ["wfstate_workflow.id"], name="wfstate_run_workflow_fkey"),
    _one_of("role", RunRole, "wfstate_run_role_check"),
    _partial_index("wfstate_run_bound", "dag_id", "run_id", where="bound", unique=True),
    Index("wfstate_run_dag", "dag_id", "workflow_id"),
    Index("wfstate_run_parent_step", "parent_step_id"),
    Index("wfstate_run_name", "dag_id", "run_id"),
)

step: Final = Table(
    "wfstate_step",
    metadata,
    Column("id", _id(), nullable=False),
    Column("workflow_id", _id(), nullable=False),
    Column("participant", _name(), nullable=False),
    Column(
        "place",
        _id(),
        nullable=False,
        server_default=NO_PLACE.replace("-", ""),  # as SQLite keeps a UUID; PostgreSQL reads it too
        comment="the step that triggered the participant's run; the nil UUID for owners and guests",
    ),
    Column("name", _name(), nullable=False),
    Column("item_key", _name(), nullable=False),
    Column("state", _STATE, nullable=False),
    Column("round", Integer, nullable=False, comment="number of the newest round"),
    Column("attempt", Integer, nullable=False, comment="number of the newest attempt: the fencing token"),
    Column("error", Text, comment="of the newest attempt"),
    Column("pivot", Boolean, nullable=False, server_default=false(), comment="done, it is never undone"),
    Column("irreversible", Text, comment="why it cannot be undone, in its author's words"),
    Column("redact", Text, comment="JSON list of the paths that people do not get to see in its payloads"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("id", name="wfstate_step_pkey"),
    UniqueConstraint("workflow_id", "participant", "place", "name", "item_key", name="wfstate_step_identity_key"),
    _one_of("state", StepState, "wfstate_step_state_check"),
)

round_: Final = Table(
    "wfstate_round",
    metadata,
    Column("step_id", _id(), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", _STATE, nullable=False),
    Column("last_entry", BigInteger, nullable=False, comment="journal number of the round's last entry of its own"),
    Column("output", Text),
    Column("output_type", _TYPE),
    Column("output_sha256", _SHA256),
    Column("arguments_sha256", _SHA256, comment="of the step's arguments: tells a repetition from a collision"),
    PrimaryKeyConstraint("step_id", "number", name="wfstate_round_pkey"),
    _one_of("state", StepState, "wfstate_round_state_check"),
)

attempt: Final = Table(
    "wfstate_attempt",
    metadata,
    Column("step_id", _id(), nullable=False),
    Column("number", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("state", _STATE, nullable=False),
    Column("last_write", BigInteger, nullable=False, comment="number of the last write that was applied"),
    Column("last_write_sha256", _SHA256, comment="of what that write said"),
    Column("task_instance_id", _id(), nullable=False),
    Column("dag_id", _name(), nullable=False),
    Column("run_id", _name(), nullable=False),
    Column("task_id", _name(), nullable=False),
    Column("map_index", Integer, nullable=False),
    Column("try_number", Integer, nullable=False),
    Column("dag_version_id", _id(), comment="of Airflow: the DAG's version that the attempt ran"),
    Column("bundle_version", _name(), comment="of that DAG's bundle; for Git the commit"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("error", Text),
    PrimaryKeyConstraint("step_id", "number", name="wfstate_attempt_pkey"),
    _one_of("state", StepState, "wfstate_attempt_state_check"),
)

checkpoint: Final = Table(
    "wfstate_checkpoint",
    metadata,
    Column("step_id", _id(), nullable=False),
    Column("round", Integer, nullable=False),
    Column("name", _name(), nullable=False),
    Column("value", Text, nullable=False),
    Column("value_type", _TYPE, nullable=False),
    Column("value_sha256", _SHA256, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("step_id", "round", "name", name="wfstate_checkpoint_pkey"),
)

record: Final = Table(
    "wfstate_record",
    metadata,
    Column("step_id", _id(), nullable=False),
    Column("round", Integer, nullable=False),
    Column("name", _name(), nullable=False),
    Column("value", Text, nullable=False),
    Column("value_type", _TYPE, nullable=False),
    Column("value_sha256", _SHA256, nullable=False),
    Column("is_error", Boolean, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("write", BigInteger, nullable=False, comment="number of the write: records are read in this order"),
    Column("saved_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("step_id", "round", "name", name="wfstate_record_pkey"),
)

compensation: Final = Table(
    "wfstate_compensation",
    metadata,
    Column("step_id", _id(), nullable=False),
    Column("round", Integer, nullable=False),
    Column("workflow_id", _id(), nullable=False),
    Column("state", _STATE, nullable=False),
    Column("handler", Text, nullable=False),
    Column("compensate_when", _STATE, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("attempt_limit", Integer, comment="raised by a person's retry; null: max_attempts"),
    Column("task_instance_id", _id(), comment="of the relay that runs it"),
    Column("dag_id", _name(), nullable=False, comment="of the run that did the round, whose relay undoes it"),
    Column("run_id", _name(), nullable=False),
    Column("error", Text),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    PrimaryKeyConstraint("step_id", "round", name="wfstate_compensation_pkey"),
    _one_of("state", CompensationState, "wfstate_compensation_state_check"),
    _one_of("compensate_when", CompensateWhen, "wfstate_compensation_when_check"),
    Index("wfstate_compensation_workflow", "workflow_id"),
)

turn: Final = Table(
    "wfstate_turn",
    metadata,
    Column("workflow_id", _id(), nullable=False),
    Column("step_id", _id(), nullable=False),
    Column("round", Integer, nullable=False),
    Column("dag_id", _name(), nullable=False),
    Column("run_id", _name(), nullable=False),
    Column("relay_task_instance_id", _id(), comment="the relay's, when the turn was given: a new one shows it runs"),
    Column("given_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workflow_id", name="wfstate_turn_pkey"),
    ForeignKeyConstraint(["workflow_id"], ["wfstate_workflow.id"], name="wfstate_turn_workflow_fkey"),
)

IS_ABOUT_WAITING: Final = text("kind IN ('step.waiting', 'step.continued')")
"""Of a journal entry. Constants, not parameters: by these PostgreSQL knows the index for it."""

journal: Final = Table(
    "wfstate_journal",
    metadata,
    Column("workflow_id", _id(), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("step", Text, comment="its label, when the entry was written"),
    Column("step_id", _id(), comment="of that step: labels may gain a place"),
    Column("attempt", Integer),
    Column("actor", String(1000), nullable=False),
    Column("data", Text, nullable=False),
    PrimaryKeyConstraint("workflow_id", "number", name="wfstate_journal_pkey"),
    _partial_index("wfstate_journal_waiting", "step_id", "number", where=IS_ABOUT_WAITING),
)

flag: Final = Table(
    "wfstate_flag",
    metadata,
    Column("workflow_id", _id(), nullable=False),
    Column("kind", _STATE, nullable=False),
    Column("cause", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("owner", String(2000), comment="of the DAG concerned"),
    Column("command", Text, nullable=False, comment="that would help"),
    Column("found_at", UtcDateTime, nullable=False, comment="shown unless the workflow's state has changed since"),
    PrimaryKeyConstraint("workflow_id", "kind", name="wfstate_flag_pkey"),
    ForeignKeyConstraint(["workflow_id"], ["wfstate_workflow.id"], name="wfstate_flag_workflow_fkey"),
    _one_of("kind", FlagKind, "wfstate_flag_kind_check"),
)

request: Final = Table(
    "wfstate_request",
    metadata,
    Column("idempotency_key", String(500), nullable=False),
    Column("body_sha256", _SHA256, nullable=False),
    Column("answer", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("idempotency_key", name="wfstate_request_pkey"),
    Index("wfstate_request_created", "created_at"),
)

sweep: Final = Table(
    "wfstate_sweep",
    metadata,
    Column("id", Integer, nullable=False, autoincrement=False),
    Column("leased_until", UtcDateTime, nullable=False, comment="nobody else sweeps before"),
    Column("finished_at", UtcDateTime, comment="of the last complete pass"),
    Column("files_checked_at", UtcDateTime, comment="when files without a row were last looked for"),
    PrimaryKeyConstraint("id", name="wfstate_sweep_pkey"),
    CheckConstraint("id = 1", name="wfstate_sweep_single_check"),
)
