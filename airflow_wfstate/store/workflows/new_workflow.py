"""A new generation of a workflow, with the run that owns it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.definition import Definition
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import dag_run
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.conflict_insert import conflict_insert
from airflow_wfstate.store.database.identity import new_id, new_secret
from airflow_wfstate.store.definitions.content import store_definition
from airflow_wfstate.store.payloads.checks import described
from airflow_wfstate.store.payloads.stored_payload import StoredPayload
from airflow_wfstate.store.workflows.caller import Caller
from airflow_wfstate.store.workflows.change import Change, lock_by_id
from airflow_wfstate.store.workflows.labels import insert_labels
from airflow_wfstate.store.workflows.rehearsal import REHEARSED_AT


@dataclass(frozen=True)
class NewWorkflow:
    """The data of a new generation.

    :param implicit: started by a step of a run that started no workflow.
    :param relay_task_id: relay of the DAG whose run owns it; None when it has none, or when it is not known yet.
    :param deadline_at: an explicit deadline; None for that of the definition.
    """

    name: str
    key: str
    generation: int
    input: StoredPayload
    definition: Definition
    id: str = field(default_factory=new_id)
    correlation_id: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    implicit: bool = False
    relay_task_id: str | None = None
    deadline_at: datetime | None = None


def insert_workflow(connection: Connection, new: NewWorkflow, caller: Caller) -> Change | None:
    """Insert the generation, owned by the caller's run; None when another transaction has just inserted it.

    Returns the change, locked, journaled and written.
    """
    sha256 = store_definition(connection, new.name, new.definition)
    now = connection.execute(select(database_now())).scalar_one()
    seconds = new.definition.deadline_seconds
    inserted = connection.execute(
        conflict_insert(connection.dialect.name, schema.workflow)
        .values(
            id=new.id,
            name=new.name,
            key=new.key,
            generation=new.generation,
            correlation_id=new.correlation_id or new.id,
            state=WorkflowState.RUNNING.value,
            version=0,
            journal_count=0,
            definition_sha256=sha256,
            implicit=new.implicit,
            reopened=False,
            on_failure=new.definition.on_failure.value,
            **new.input.columns("input"),
            secret=new_secret(),
            started_at=now,
            updated_at=now,
            state_changed_at=now,
            deadline_at=new.deadline_at or (None if seconds is None else now + timedelta(seconds=seconds)),
        )
        .on_conflict_do_nothing()
        .returning(schema.workflow.c.id)
    ).one_or_none()
    if inserted is None:
        return None
    insert_labels(connection, new.id, new.labels)
    change = lock_by_id(connection, new.id, caller.actor)
    assert change is not None  # noqa: S101 - inserted above, in this transaction
    data: dict[str, JsonValue] = {
        "name": new.name,
        "key": new.key,
        "generation": new.generation,
        "input": described(new.input),
        "labels": dict(new.labels),
        "implicit": new.implicit,
        "definition_sha256": sha256,
    }
    change.journal(EntryKind.WORKFLOW_STARTED, data=data)
    bind_run(connection, change, caller.dag_id, caller.run_id, RunRole.OWNER, relay_task_id=new.relay_task_id)
    change.write()
    return change


def bind_run(
    connection: Connection,
    change: Change,
    dag_id: str,
    run_id: str,
    role: RunRole,
    parent_step_id: str | None = None,
    relay_task_id: str | None = None,
) -> None:
    """Bind a run to the change's workflow and to no other. Does nothing if it is already bound to it."""
    run = schema.run
    connection.execute(
        update(run)
        .where(run.c.dag_id == dag_id, run.c.run_id == run_id, run.c.bound, run.c.workflow_id != change.workflow_id)
        .values(bound=False)
    )
    inserted = connection.execute(
        conflict_insert(connection.dialect.name, run)
        .values(
            workflow_id=change.workflow_id,
            dag_id=dag_id,
            run_id=run_id,
            role=role.value,
            bound=True,
            parent_step_id=parent_step_id,
            relay_task_id=relay_task_id,
            linked_at=change.now,
            rehearsed_at=select(REHEARSED_AT)
            .where(dag_run.c.dag_id == dag_id, dag_run.c.run_id == run_id)
            .scalar_subquery(),
        )
        .on_conflict_do_nothing()
        .returning(run.c.workflow_id)
    ).one_or_none()
    if inserted is not None:
        data: dict[str, JsonValue] = {"dag_id": dag_id, "run_id": run_id, "role": role.value}
        change.journal(EntryKind.RUN_LINKED, data=data)
