"""Read definitions: one of them, those in force, and the history of a name."""

from __future__ import annotations

from sqlalchemy import Connection, select

from airflow_wfstate.definition_file.write import write_definition
from airflow_wfstate.domain.messages.definition import (
    DefinitionDetail,
    DefinitionPage,
    DefinitionSummary,
    DefinitionVersionPage,
    GetDefinition,
    ListDefinitions,
    ListDefinitionVersions,
)
from airflow_wfstate.domain.rules.definition import NamedDefinition
from airflow_wfstate.domain.rules.page_limit import check_limit
from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.exceptions import DefinitionNotFound, InvalidName
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.definitions.applied import AppliedDefinition, applied_of, in_force, read_applied, version_of

_applied = schema.applied_definition


def get_definition(connection: Connection, request: GetDefinition) -> DefinitionDetail:
    """One definition, as described at ``StateBackend.get_definition``."""
    newest = _in_force(connection, request.name)
    found = newest if request.number is None else read_applied(connection, request.name, request.number)
    if found is None:
        raise DefinitionNotFound(
            f"The definition of {request.name} has no version {request.number}; the newest is {newest.number}.",
            f"List them with: airflow wfstate definitions show {request.name} --versions",
        )
    text = write_definition(NamedDefinition(found.name, found.definition))
    return DefinitionDetail(found.version, newest.number, text)


def list_definitions(connection: Connection, request: ListDefinitions) -> DefinitionPage:
    """A page of the definitions in force, as described at ``StateBackend.list_definitions``."""
    check_limit(request.limit)
    wanted = in_force().order_by(_applied.c.name).limit(request.limit + 1)
    if request.after is not None:
        check_name("workflow name", request.after)
        wanted = wanted.where(_applied.c.name > request.after)
    found = [applied_of(row) for row in connection.execute(wanted)]
    page = found[: request.limit]
    return DefinitionPage([_summary(applied) for applied in page], page[-1].name if len(found) > len(page) else None)


def list_definition_versions(connection: Connection, request: ListDefinitionVersions) -> DefinitionVersionPage:
    """A page of a name's history, as described at ``StateBackend.list_definition_versions``."""
    check_limit(request.limit)
    _in_force(connection, request.name)
    wanted = select(_applied).where(_applied.c.name == request.name)
    if request.before is not None:
        wanted = wanted.where(_applied.c.number < request.before)
    rows = connection.execute(wanted.order_by(_applied.c.number.desc()).limit(request.limit + 1)).all()
    page = [version_of(row) for row in rows[: request.limit]]
    return DefinitionVersionPage(page, page[-1].number if len(rows) > len(page) else None)


def _in_force(connection: Connection, name: str) -> AppliedDefinition:
    try:
        found = read_applied(connection, check_name("workflow name", name))
    except InvalidName:  # nothing can have been applied to such a name
        found = None
    if found is None:
        raise DefinitionNotFound(
            f"No definition was applied to {name[:250]!r}.",
            "List those in force with: airflow wfstate definitions list",
        )
    return found


def _summary(applied: AppliedDefinition) -> DefinitionSummary:
    definition = applied.definition
    services = () if definition.choreography is None else definition.choreography.services
    return DefinitionSummary(
        applied.version, len(definition.plan), list(definition.participants), [service.name for service in services]
    )
