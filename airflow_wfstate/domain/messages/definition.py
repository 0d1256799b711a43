"""Definitions: apply one to a workflow name, and read what was applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from airflow_wfstate.domain.messages.asked import PAGE_SIZE, asked
from airflow_wfstate.domain.messages.operation import Operation, Who
from airflow_wfstate.domain.messages.way import Way

MAX_VERSION_NUMBER: Final = 2**31 - 1
"""The highest version number of a definition."""


@dataclass(frozen=True)
class ApplyDefinition:
    """A request to put a definition in force for the workflows of its name.

    :param name: the name, which must be the one that the text declares.
    :param text: the definition file: YAML or JSON, at most 262,144 characters.
    :param actor: who makes the request, for the history: ``cli:name``. Over HTTP it is always the token's user.
    :param way: how the request came in, for the history. Over HTTP the server determines it.
    :param idempotency_key: a request that is sent again with the same key and body gets the first answer; None for no
        such protection (unchanged content is applied only once in any case).
    :param if_version: the version number in force that the caller has seen, 0 for none. If another version is in force,
        nothing is changed. None for any version.
    """

    name: str
    text: str
    actor: str = "cli:unknown"
    way: Way = Way.CLI
    idempotency_key: str | None = None
    if_version: int | None = None


@dataclass(frozen=True)
class AppliedVersion:
    """A version of a definition that was applied.

    :param number: number of the version, from 1. The highest number of a name is in force.
    :param sha256: hash of its content; equal for versions with the same meaning.
    :param applied_by: who applied it, in the journal's form of actors.
    """

    name: str
    number: int
    sha256: str
    applied_by: str
    way: Way
    applied_at: datetime


@dataclass(frozen=True)
class DefinitionApplied:
    """The result of applying a definition.

    :param version: the version in force afterwards.
    :param changed: False if a definition with the same content was already in force.
    :param outcome: the result in one sentence, for people.
    """

    version: AppliedVersion
    changed: bool
    outcome: str


@dataclass(frozen=True)
class DefinitionDetail:
    """A definition.

    :param number_in_force: the version number in force; equal to ``version.number`` unless an older version was
        requested.
    :param text: the definition as YAML in canonical form: equal definitions have equal texts.
    """

    version: AppliedVersion
    number_in_force: int
    text: str


@dataclass(frozen=True)
class DefinitionSummary:
    """A line of the list of definitions.

    :param version: the version in force.
    :param planned_steps: number of steps in its plan; 0 if it has no plan.
    :param dags: the DAGs that may join by naming the workflow.
    :param services: the services that take part by sending events.
    """

    version: AppliedVersion
    planned_steps: int
    dags: list[str]
    services: list[str]


@dataclass(frozen=True)
class DefinitionPage:
    """Definitions in force, by name.

    :param next_after: what to ask for next as ``after``; None if there are no more.
    """

    definitions: list[DefinitionSummary]
    next_after: str | None


@dataclass(frozen=True)
class DefinitionVersionPage:
    """Versions of one name, newest first.

    :param next_before: what to ask for next as ``before``; None if there are no more.
    """

    versions: list[AppliedVersion]
    next_before: int | None


@dataclass(frozen=True)
class GetDefinition:
    """The request for a definition."""

    name: str
    number: int | None = field(
        default=None,
        metadata=asked(
            "The number of the version (default: the version in force)",
            is_filter=False,
            at_least=1,
            at_most=MAX_VERSION_NUMBER,
        ),
    )


@dataclass(frozen=True)
class ListDefinitions:
    """The request for a page of definitions."""

    after: str | None = field(default=None, metadata=asked("Only names after this one", is_filter=False))
    limit: int = field(default=200, metadata=PAGE_SIZE)


@dataclass(frozen=True)
class ListDefinitionVersions:
    """The request for a page of the versions of a name."""

    name: str
    before: int | None = field(
        default=None,
        metadata=asked("Only versions below this number", is_filter=False, at_least=1, at_most=MAX_VERSION_NUMBER),
    )
    limit: int = field(default=200, metadata=PAGE_SIZE)


APPLY_DEFINITION: Final = Operation(
    name="apply_definition",
    method="PUT",
    path="/definitions/{name}",
    request=ApplyDefinition,
    answer=DefinitionApplied,
    says="Put a definition in force for the workflows of a name. Applying unchanged content has no effect.",
    who=Who.OPERATOR,
    tag="definitions",
    body="ApplyDefinitionBody",
    is_keyed=True,
    needs_server=True,
)

GET_DEFINITION: Final = Operation(
    name="get_definition",
    method="GET",
    path="/definitions/{name}",
    request=GetDefinition,
    answer=DefinitionDetail,
    says="Get the definition in force for the workflows of a name, or an older version of it.",
    who=Who.VIEWER,
    tag="definitions",
    has_tag=True,
)

LIST_DEFINITIONS: Final = Operation(
    name="list_definitions",
    method="GET",
    path="/definitions",
    request=ListDefinitions,
    answer=DefinitionPage,
    says="List a page of the definitions in force, by name.",
    who=Who.VIEWER,
    tag="definitions",
    has_tag=True,
)

LIST_DEFINITION_VERSIONS: Final = Operation(
    name="list_definition_versions",
    method="GET",
    path="/definitions/{name}/versions",
    request=ListDefinitionVersions,
    answer=DefinitionVersionPage,
    says="List a page of the applied versions of a name, newest first.",
    who=Who.VIEWER,
    tag="definitions",
    has_tag=True,
)
