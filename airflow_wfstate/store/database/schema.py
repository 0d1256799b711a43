"""The ``wfstate_*`` tables, in Airflow's metadata database. No foreign key refers to Airflow's own tables.

Payloads (``input``, ``output``, ``value``) are TEXT: exactly the canonical bytes that were hashed, or one of the other
forms of ``stored_payload.py``. Ids are UUIDv7. Times are UTC from the database's clock. States are VARCHAR with a CHECK
derived from the state tables.

The tables of the hot path (steps, rounds, attempts, checkpoints, records, compensations, journal entries) have no
foreign key to their workflow or step. Every such row is written under the lock of the row that the key would refer to,
and the checks took a twelfth of the server's time for the life of a step (0.645 ms with them, 0.598 without; measured).
"""

from __future__ import annotations

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
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

from airflow_wfstate.domain.rules.flag import FlagKind
from airflow_wfstate.domain.rules.parent_step import NO_PARENT_STEP
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import (
    OPEN_WORKFLOW_STATES,
    WORKING_WORKFLOW_STATES,
    CompensationState,
    StepState,
    WorkflowState,
)
from airflow_wfstate.domain.rules.undo_order import CompensateWhen
from airflow_wfstate.store.database.columns import SHA256, STATE, TYPE, id_, name, one_of, partial_index
from airflow_wfstate.store.database.columns import metadata as metadata
from airflow_wfstate.store.database.current_transaction import current_transaction_id
from airflow_wfstate.store.database.definition_tables import applied_definition as applied_definition
from airflow_wfstate.store.database.definition_tables import definition as definition
from airflow_wfstate.store.database.server_tables import lease as lease
from airflow_wfstate.store.database.server_tables import request as request
from airflow_wfstate.store.database.server_tables import sweep as sweep

NO_PLACE: Final = NO_PARENT_STEP
NO_RUN: Final = ""
"""DAG id and run id of the compensation of a service's step."""

"""``place`` of steps whose run no step has triggered. Not NULL, because a step's identity is a unique key."""

_OPEN: Final = ", ".join(f"'{state.value}'" for state in OPEN_WORKFLOW_STATES)

_AT_WORK: Final = ", ".join(f"'{state.value}'" for state in WORKING_WORKFLOW_STATES)

NOT_SETTLED: Final = f"state = '{WorkflowState.CANCELLED.value}' AND NOT at_rest"
"""Condition on a workflow, as in its partial index: cancelled, but some of its steps may still be open."""

workflow: Final = Table(
    "wfstate_workflow",
    metadata,
    Column("id", id_(), nullable=False),
    Column("name", name(), nullable=False),
    Column("key", name(), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("correlation_id", name(), nullable=False),
    Column("state", STATE, nullable=False),
    Column("version", BigInteger, nullable=False, comment="grows with each change"),
    Column("journal_count", BigInteger, nullable=False, comment="number of the last journal entry"),
    Column("definition_sha256", SHA256, nullable=False),
    Column("implicit", Boolean, nullable=False, comment="started by a step, not by an operator"),
    Column("has_dag", Boolean, nullable=False, server_default=true(), comment="false: started by a service outside"),
    Column("reopened", Boolean, nullable=False, comment="had succeeded: never compensated by itself any more"),
    Column("on_failure", STATE, nullable=False),
    Column("input", Text, nullable=False),
    Column("input_type", TYPE, nullable=False),
    Column("input_sha256", SHA256, nullable=False),
    Column("output", Text),
    Column("output_type", TYPE),
    Column("output_sha256", SHA256),
    Column("error", Text, comment="of the first failure"),
    Column("hold_reason", Text, comment="why it waits for a person"),
    Column("secret", String(64), nullable=False, comment="signs attempt keys; never leaves the store"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("state_changed_at", UtcDateTime, comment="since when it is in its state"),
    Column("forward_ended_at", UtcDateTime, comment="when it last left running: what follows is its undo"),
    Column("ended_at", UtcDateTime),
    # Generated, so that it stays NULL while the row of a working workflow is updated: an index on updated_at itself
    # would keep those updates from being HOT.
    Column(
        "settled_at",
        UtcDateTime,
        Computed(f"CASE WHEN state NOT IN ({_AT_WORK}) THEN updated_at END", persisted=True),
        comment="updated_at, of one that is not at work",
    ),
    Column("deadline_at", UtcDateTime),
    Column("deadline_acted_at", UtcDateTime, comment="when the policy of this deadline was carried out"),
    Column("relay_code", STATE, comment="the code that its relays use, as a person asked; null: as Airflow decides"),
    Column(
        "at_rest",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="cancelled or being undone, no step is open any more, and each undo has its position",
    ),
    PrimaryKeyConstraint("id", name="wfstate_workflow_pkey"),
    ForeignKeyConstraint(
        ["name", "definition_sha256"],
        ["wfstate_definition.name", "wfstate_definition.sha256"],
        name="wfstate_workflow_definition_fkey",
    ),
    UniqueConstraint("name", "key", "generation", name="wfstate_workflow_generation_key"),
    *one_of("state", WorkflowState, "wfstate_workflow_state_check"),
    *one_of("on_failure", FailurePolicy, "wfstate_workflow_on_failure_check"),
    CheckConstraint("generation >= 1", name="wfstate_workflow_generation_check"),
    partial_index("wfstate_workflow_open_key", "name", "key", where=f"state IN ({_OPEN})", unique=True),
    Index("wfstate_workflow_started", "started_at", "id"),
    Index("wfstate_workflow_name", "name", "started_at", "id"),
    Index("wfstate_workflow_state", "state", "started_at", "id"),
    Index("wfstate_workflow_settled", "settled_at", "id"),
    # So narrow that counting a million takes 60 to 100 ms; with the index above it took 280 (PostgreSQL, measured).
    Index("wfstate_workflow_count", "state"),
    partial_index("wfstate_workflow_deadline", "deadline_at", where="deadline_at IS NOT NULL"),
    Index("wfstate_workflow_key", "key"),
    Index("wfstate_workflow_correlation", "correlation_id"),
    partial_index("wfstate_workflow_unsettled", "id", where=NOT_SETTLED),
    partial_index("wfstate_workflow_without_dag", "id", where="NOT has_dag"),
    # Only an index in byte order finds texts by their beginning (PostgreSQL, "Operator Classes").
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
    Column("workflow_id", id_(), nullable=False),
    Column("name", name(), nullable=False),
    Column("value", name(), nullable=False),
    PrimaryKeyConstraint("workflow_id", "name", name="wfstate_label_pkey"),
    ForeignKeyConstraint(["workflow_id"], ["wfstate_workflow.id"], name="wfstate_label_workflow_fkey"),
    Index("wfstate_label_value", "name", "value", "workflow_id"),
)

run: Final = Table(
    "wfstate_run",
    metadata,
    Column("workflow_id", id_(), nullable=False),
    Column("dag_id", name(), nullable=False),
    Column("run_id", name(), nullable=False),
    Column("role", STATE, nullable=False),
    Column("bound", Boolean, nullable=False, comment="whether the run's calls go to this workflow now"),
    Column("relay_task_id", name(), comment="the DAG's CompensateWorkflowOperator"),
    Column("parent_step_id", id_(), comment="of a child: the step that triggers it"),
    Column("clears_at_failure", Integer, comment="Airflow's clear_number of the run when the workflow last failed"),
    Column("linked_at", UtcDateTime, nullable=False),
    Column("rehearsed_at", UtcDateTime, comment="of a test run: when Airflow created it; NULL for a real run"),
    PrimaryKeyConstraint("workflow_id", "dag_id", "run_id", name="wfstate_run_pkey"),
    ForeignKeyConstraint(["workflow_id"], ["wfstate_workflow.id"], name="wfstate_run_workflow_fkey"),
    *one_of("role", RunRole, "wfstate_run_role_check"),
    partial_index("wfstate_run_bound", "dag_id", "run_id", where="bound", unique=True),
    Index("wfstate_run_dag", "dag_id", "workflow_id"),
    Index("wfstate_run_parent_step", "parent_step_id"),
    Index("wfstate_run_name", "dag_id", "run_id"),
)

step: Final = Table(
    "wfstate_step",
    metadata,
    Column("id", id_(), nullable=False),
    Column("workflow_id", id_(), nullable=False),
    Column("participant", name(), nullable=False),
    Column(
        "place",
        id_(),
        nullable=False,
        server_default=NO_PLACE.replace("-", ""),  # the form in which SQLite stores a UUID; PostgreSQL accepts it too
        comment="the step that triggered the participant's run; the nil UUID for owners and guests",
    ),
    Column("name", name(), nullable=False),
    Column("item_key", name(), nullable=False),
    Column("state", STATE, nullable=False),
    Column("round", Integer, nullable=False, comment="number of the newest round"),
    # 0 for a step of a service, which has no attempts in Airflow.
    Column("attempt", Integer, nullable=False, comment="number of the newest attempt: the fencing token"),
    Column("error", Text, comment="of the newest attempt"),
    Column("pivot", Boolean, nullable=False, server_default=false(), comment="done, it is never undone"),
    Column("irreversible", Text, comment="why it cannot be undone, in its author's words"),
    Column("redact", Text, comment="JSON list of the paths that people do not get to see in its payloads"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("end_sequence", String(1000), comment="of a service's step: of the event that last ended it"),
    Column("end_time", UtcDateTime, comment="likewise, by the clock of its source"),
    PrimaryKeyConstraint("id", name="wfstate_step_pkey"),
    UniqueConstraint("workflow_id", "participant", "place", "name", "item_key", name="wfstate_step_identity_key"),
    *one_of("state", StepState, "wfstate_step_state_check"),
    partial_index("wfstate_step_pivot", "workflow_id", where="pivot"),
)

round_: Final = Table(
    "wfstate_round",
    metadata,
    Column("step_id", id_(), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", STATE, nullable=False),
    Column("output", Text),
    Column("output_type", TYPE),
    Column("output_sha256", SHA256),
    Column("arguments_sha256", SHA256, comment="of the step's arguments: tells a repetition from a collision"),
    PrimaryKeyConstraint("step_id", "number", name="wfstate_round_pkey"),
    *one_of("state", StepState, "wfstate_round_state_check"),
)

attempt: Final = Table(
    "wfstate_attempt",
    metadata,
    Column("step_id", id_(), nullable=False),
    Column("number", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("state", STATE, nullable=False),
    Column("last_write", BigInteger, nullable=False, comment="number of the last write that was applied"),
    Column("last_write_sha256", SHA256, comment="of what that write said"),
    Column("task_instance_id", id_(), nullable=False),
    Column("dag_id", name(), nullable=False),
    Column("run_id", name(), nullable=False),
    Column("task_id", name(), nullable=False),
    Column("map_index", Integer, nullable=False),
    Column("try_number", Integer, nullable=False),
    Column("dag_version_id", id_(), comment="of Airflow: the DAG's version that the attempt ran"),
    Column("bundle_version", name(), comment="of that DAG's bundle; for Git the commit"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("error", Text),
    PrimaryKeyConstraint("step_id", "number", name="wfstate_attempt_pkey"),
    *one_of("state", StepState, "wfstate_attempt_state_check"),
)

checkpoint: Final = Table(
    "wfstate_checkpoint",
    metadata,
    Column("step_id", id_(), nullable=False),
    Column("round", Integer, nullable=False),
    Column("name", name(), nullable=False),
    Column("value", Text, nullable=False),
    Column("value_type", TYPE, nullable=False),
    Column("value_sha256", SHA256, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("step_id", "round", "name", name="wfstate_checkpoint_pkey"),
)

record: Final = Table(
    "wfstate_record",
    metadata,
    Column("step_id", id_(), nullable=False),
    Column("round", Integer, nullable=False),
    Column("name", name(), nullable=False),
    Column("value", Text, nullable=False),
    Column("value_type", TYPE, nullable=False),
    Column("value_sha256", SHA256, nullable=False),
    Column("is_error", Boolean, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("write", BigInteger, nullable=False, comment="number of the write: records are read in this order"),
    Column("saved_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("step_id", "round", "name", name="wfstate_record_pkey"),
)

compensation: Final = Table(
    "wfstate_compensation",
    metadata,
    Column("step_id", id_(), nullable=False),
    Column("round", Integer, nullable=False),
    Column("workflow_id", id_(), nullable=False),
    Column("state", STATE, nullable=False),
    Column("handler", Text, nullable=False),
    Column("compensate_when", STATE, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("attempt_limit", Integer, comment="raised by a person's retry; null: max_attempts"),
    Column("task_instance_id", id_(), comment="of the relay that runs it"),
    Column("dag_id", name(), nullable=False, comment="of the run that did the round, whose relay undoes it"),
    Column("run_id", name(), nullable=False),  # NO_RUN, like dag_id, if a service did it and is asked to undo it
    Column("error", Text),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column(
        "position",
        BigInteger,
        comment="in the undo, the highest first; null: not at rest, not needed, or over",
    ),
    Column(
        "last_entry",
        BigInteger,
        nullable=False,
        server_default="0",
        comment="journal number of the last entry that the round wrote itself",
    ),
    Column("answer_due_at", UtcDateTime, comment="the service that was asked has until then; null: none is waited for"),
    PrimaryKeyConstraint("step_id", "round", name="wfstate_compensation_pkey"),
    *one_of("state", CompensationState, "wfstate_compensation_state_check"),
    *one_of("compensate_when", CompensateWhen, "wfstate_compensation_when_check"),
    # Only what is in line: PostgreSQL uses it for the next undo whatever its statistics say, and neither running steps
    # nor a cancel write to it.
    partial_index(
        "wfstate_compensation_order", "workflow_id", "position", "step_id", "round", where="position IS NOT NULL"
    ),
    Index("wfstate_compensation_page", "workflow_id", "last_entry"),
    partial_index("wfstate_compensation_answer", "answer_due_at", "workflow_id", where="answer_due_at IS NOT NULL"),
)

turn: Final = Table(
    "wfstate_turn",
    metadata,
    Column("workflow_id", id_(), nullable=False),
    Column("step_id", id_(), nullable=False),
    Column("round", Integer, nullable=False),
    Column("dag_id", name(), nullable=False),
    Column("run_id", name(), nullable=False),
    Column("relay_task_instance_id", id_(), comment="the relay's, when the turn was given: a new one shows it runs"),
    Column("given_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workflow_id", name="wfstate_turn_pkey"),
    ForeignKeyConstraint(["workflow_id"], ["wfstate_workflow.id"], name="wfstate_turn_workflow_fkey"),
)

IS_ABOUT_WAITING: Final = text("kind IN ('step.waiting', 'step.continued')")
"""Condition on a journal entry. Constants, not parameters, so that PostgreSQL can use the index for it."""

IS_END_OF_UNDO: Final = text("kind IN ('compensation.retried', 'compensation.skipped', 'compensation.done')")
"""Condition on a journal entry: a compensation has ended, or a person has decided about it. Constants, as above."""

journal: Final = Table(
    "wfstate_journal",
    metadata,
    Column("workflow_id", id_(), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("step", Text, comment="its label, when the entry was written"),
    Column("step_id", id_(), comment="of that step: labels may gain a place"),
    Column("attempt", Integer),
    Column("actor", String(1000), nullable=False),
    Column("data", Text, nullable=False),
    Column(
        "transaction_id",
        BigInteger,
        server_default=current_transaction_id(),
        comment="that wrote it: its place in the stream of all journals; null on SQLite, and in older entries",
    ),
    PrimaryKeyConstraint("workflow_id", "number", name="wfstate_journal_pkey"),
    partial_index("wfstate_journal_waiting", "step_id", "number", where=IS_ABOUT_WAITING),
    partial_index("wfstate_journal_undo", "workflow_id", "step_id", where=IS_END_OF_UNDO),
)

flag: Final = Table(
    "wfstate_flag",
    metadata,
    Column("workflow_id", id_(), nullable=False),
    Column("kind", STATE, nullable=False),
    Column("cause", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("owner", String(2000), comment="of the DAG concerned"),
    Column("command", Text, nullable=False, comment="that would help"),
    Column("found_at", UtcDateTime, nullable=False, comment="shown unless the workflow's state has changed since"),
    PrimaryKeyConstraint("workflow_id", "kind", name="wfstate_flag_pkey"),
    ForeignKeyConstraint(["workflow_id"], ["wfstate_workflow.id"], name="wfstate_flag_workflow_fkey"),
    *one_of("kind", FlagKind, "wfstate_flag_kind_check"),
)
