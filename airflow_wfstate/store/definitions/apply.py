"""Put a definition in force."""

from __future__ import annotations

from sqlalchemy import Connection

from airflow_wfstate.definition_file.read import read_definition_file
from airflow_wfstate.domain.messages.definition import AppliedVersion, ApplyDefinition, DefinitionApplied
from airflow_wfstate.domain.rules.definition import NamedDefinition
from airflow_wfstate.exceptions import DefinitionChanged, InvalidRequest
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.conflict_insert import conflict_insert
from airflow_wfstate.store.database.transaction import Contention, Unchanged
from airflow_wfstate.store.definitions.applied import AppliedDefinition, read_applied, version_of
from airflow_wfstate.store.definitions.content import store_definition


def read_request(request: ApplyDefinition) -> NamedDefinition:
    """Read the definition that is to be applied.

    :raises InvalidDefinition: the text is not a valid definition.
    :raises InvalidRequest: it declares a definition of another name.
    """
    named = read_definition_file(request.text)
    if named.name != request.name:
        raise InvalidRequest(
            f"The text declares the workflow {named.name!r}, but the request applies it to {request.name[:250]!r}.",
            "Apply it to the name that it declares.",
        )
    return named


def apply_definition(
    connection: Connection, request: ApplyDefinition, named: NamedDefinition
) -> DefinitionApplied | Unchanged[DefinitionApplied]:
    """Apply a definition, as described at ``StateBackend.apply_definition``.

    :param named: the request's definition, as read by :func:`read_request`.
    """
    before = read_applied(connection, named.name)
    _check_version(request, before)
    if before is not None and before.sha256 == named.definition.sha256():
        outcome = f"Version {before.number} is in force and has the same content: nothing was changed."
        return Unchanged(DefinitionApplied(before.version, changed=False, outcome=outcome))
    version = _insert(connection, request, named, 1 if before is None else before.number + 1)
    follows = "the first" if before is None else f"after version {before.number}"
    outcome = f"Version {version.number} is in force, {follows}."
    return DefinitionApplied(version, changed=True, outcome=outcome)


def _check_version(request: ApplyDefinition, before: AppliedDefinition | None) -> None:
    number = 0 if before is None else before.number
    if request.if_version is not None and request.if_version != number:
        is_now = f"is now in version {number}" if number else "is not applied"
        raise DefinitionChanged(
            f"The definition of {request.name} {is_now}, not in version {request.if_version}.",
            f"Check it and decide again: airflow wfstate definitions show {request.name}",
        )


def _insert(connection: Connection, request: ApplyDefinition, named: NamedDefinition, number: int) -> AppliedVersion:
    """Insert the version.

    :raises Contention: another request has just applied one.
    """
    applied = schema.applied_definition
    sha256 = store_definition(connection, named.name, named.definition)
    row = connection.execute(
        conflict_insert(connection.dialect.name, applied)
        .values(
            name=named.name,
            number=number,
            sha256=sha256,
            applied_by=request.actor[:1000],
            way=request.way.value,
            applied_at=database_now(),
        )
        .on_conflict_do_nothing(index_elements=["name", "number"])
        .returning(*applied.c)
    ).one_or_none()
    if row is None:
        raise Contention(f"another request has just applied a definition of {named.name}")
    return version_of(row)
