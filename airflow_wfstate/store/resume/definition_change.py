"""The definition that a resumed workflow uses: a resume with the latest code adopts the one in force."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from airflow_wfstate.domain.messages.resume import DefinitionChange
from airflow_wfstate.domain.rules.definition import Definition
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.definitions.applied import number_of, read_applied
from airflow_wfstate.store.definitions.content import read_definition
from airflow_wfstate.store.workflows.change import Change

_workflow = schema.workflow


def find_definition_change(connection: Connection, workflow_id: str, *, adopts: bool) -> DefinitionChange | None:
    """How the definition in force differs from the workflow's; None if it does not differ or no definition is applied.

    :param adopts: whether the resume uses the latest code, and therefore adopts the definition in force.
    """
    row = connection.execute(
        select(_workflow.c.name, _workflow.c.definition_sha256).where(_workflow.c.id == workflow_id)
    ).one()
    applied = read_applied(connection, row.name)
    if applied is None or applied.sha256 == row.definition_sha256:
        return None
    own = read_definition(connection, row.name, row.definition_sha256)
    return DefinitionChange(
        own_number=number_of(connection, row.name, row.definition_sha256),
        own_sha256=row.definition_sha256,
        number=applied.number,
        sha256=applied.sha256,
        differs_in=_differing(own, applied.definition),
        is_adopted=adopts,
    )


def note_of(found: DefinitionChange, name: str) -> str:
    """The note for the operator."""
    own = "the one it was started with" if found.own_number is None else f"version {found.own_number}"
    differs = ", ".join(found.differs_in)
    if found.is_adopted:
        return f"Its definition changes from {own} to version {found.number} of {name}. They differ in: {differs}."
    return (
        f"It keeps its definition, {own}; version {found.number} of {name} is in force and differs in: {differs}. "
        "Use --code latest to adopt it."
    )


def definition_in_use(connection: Connection, workflow_id: str, found: DefinitionChange | None) -> Definition:
    """The definition that the workflow has once it is resumed."""
    row = connection.execute(
        select(_workflow.c.name, _workflow.c.definition_sha256).where(_workflow.c.id == workflow_id)
    ).one()
    is_new = found is not None and found.is_adopted
    return read_definition(connection, row.name, found.sha256 if found and is_new else row.definition_sha256)


def adopt_definition(change: Change, found: DefinitionChange) -> dict[str, JsonValue]:
    """Give the workflow the definition in force, and return the journal's data about it.

    The deadline changes too if the workflow's own definition had set it.
    """
    connection, name = change.connection, change.name
    own = read_definition(connection, name, found.own_sha256)
    new = read_definition(connection, name, found.sha256)
    change.definition_sha256, change.on_failure = found.sha256, new.on_failure.value
    change.set(definition_sha256=found.sha256, on_failure=new.on_failure.value)
    row = connection.execute(
        select(_workflow.c.started_at, _workflow.c.deadline_at).where(_workflow.c.id == change.workflow_id)
    ).one()
    if own.deadline_seconds != new.deadline_seconds and row.deadline_at == _deadline(own, row.started_at):
        change.set(deadline_at=_deadline(new, row.started_at), deadline_acted_at=None)
    return {
        "from_number": found.own_number,
        "from_sha256": found.own_sha256,
        "number": found.number,
        "sha256": found.sha256,
        "differs_in": list(found.differs_in),
    }


def _deadline(definition: Definition, started_at: datetime) -> datetime | None:
    seconds = definition.deadline_seconds
    return None if seconds is None else started_at + timedelta(seconds=seconds)


def _differing(own: Definition, new: Definition) -> list[str]:
    """The differing fields, named as in a definition file."""
    names = {"deadline_seconds": "deadline", "choreography": "services and events"}
    return [names.get(field, field) for field, value in vars(own).items() if value != vars(new)[field]]
