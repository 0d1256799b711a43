"""Definitions: applying one to the name of a workflow, and reading what was applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from airflow_wfstate.domain.messages.asked import PAGE_SIZE, asked
from airflow_wfstate.domain.messages.operation import Operation, Who
from airflow_wfstate.domain.messages.way import Way

MAX_VERSION_NUMBER: Final = 2**31 - 1
"""Of a definition."""


@dataclass(frozen=True)
class ApplyDefinition:
    """A request to put a definition in force for the workflows of its name.

    :param name: that the text declares, too.
    :param text: of the definition file: YAML, or JSON; at most 262,144 characters.
    :param actor: who asks, for the history: ``cli:name``. Over HTTP it is the user whom the token names, whatever
        stands here.
    :param way: which way the request came, for the history. Over HTTP it is known, whatever stands here.
    :param idempotency_key: sent again with the same body, the request answers as the first time; None for no such
        protection (the same content is applied once in any case).
    :param if_version: the number that was in force when it was looked at, 0 for none; with another one in force
        nothing is changed. None: whatever is in force.
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

    :param number: from 1 on; the greatest of a name is in force.
    :param sha256: of its content: equal for versions that say the same.
    :param applied_by: who, as the journal names actors.
    """

    name: str
    number: int
    sha256: str
    applied_by: str
    way: Way
    applied_at: datetime


@dataclass(frozen=True)
class DefinitionApplied:
    """What an application did.

    :param version: in force after it.
    :param changed: False when a definition of the same content was in force already.
    :param outcome: the same in one sentence, for people.
    """

    version: AppliedVersion
    changed: bool
    outcome: str


@dataclass(frozen=True)
class DefinitionDetail:
    """A definition.

    :param number_in_force: of its name; equal to ``version.number`` unless an older version was asked for.
    :param text: the definition as YAML in canonical form: equal definitions have equal texts.
    """

    version: AppliedVersion
    number_in_force: int
    text: str


@dataclass(frozen=True)
class DefinitionSummary:
    """A line of the list of definitions.

    :param version: in force.
    :param planned_steps: of its plan; 0 when it has none.
    :param dags: that may join by naming the workflow.
    :param services: that take part by events.
    """

    version: AppliedVersion
    planned_steps: int
    dags: list[str]
    services: list[str]


@dataclass(frozen=True)
class DefinitionPage:
    """Definitions in force, by name.

    :param next_after: what to ask for next as ``after``; None when this is the end.
    """

    definitions: list[DefinitionSummary]
    next_after: str | None


@dataclass(frozen=True)
class DefinitionVersionPage:
    """Versions of one name, the newest first.

    :param next_before: what to ask for next as ``before``; None when this is the end.
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
            "The version with this number; left out: the one in force",
            is_filter=False,
            at_least=1,
            at_most=MAX_VERSION_NUMBER,
        ),
    )


@dataclass(frozen=True)
class ListDefinitions:
    """The request for a page of definitions."""

    after: str | None = field(default=None, metadata=asked("Only names behind this one", is_filter=False))
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
    says="Put a definition in force for the workflows of a name; the same content again changes nothing.",
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
    says="The definition that is in force for the workflows of a name, or an older version of it.",
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
    says="A page of the definitions in force, by name.",
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
    says="A page of the versions of a name that were applied, the newest first.",
    who=Who.VIEWER,
    tag="definitions",
    has_tag=True,
)
