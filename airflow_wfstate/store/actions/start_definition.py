"""Which definition a start uses: the one applied to the name, otherwise the one the start declares."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum

from sqlalchemy import Connection

from airflow_wfstate.domain.messages.workflow import StartWorkflow
from airflow_wfstate.domain.rules.definition import Definition
from airflow_wfstate.exceptions import DefinitionMismatch
from airflow_wfstate.store.definitions.applied import AppliedDefinition, read_applied
from airflow_wfstate.store.workflows.caller import Caller

_LONGEST_SHOWN = 300


def given_definition(request: StartWorkflow) -> Definition:
    """The definition that the start declares, with defaults for whatever it omits."""
    defaults = Definition()
    return Definition(
        plan=list(request.plan),
        participants=list(request.participants),
        on_failure=request.on_failure or defaults.on_failure,
        deadline_seconds=request.deadline_seconds,
        on_deadline=request.on_deadline or defaults.on_deadline,
        on_compensation_error=request.on_compensation_error or defaults.on_compensation_error,
        redact=tuple(request.redact),
        on_skip=request.on_skip or defaults.on_skip,
    )


def definition_of_start(connection: Connection, request: StartWorkflow, caller: Caller) -> Definition:
    """The definition of the generation that a start creates.

    :raises DefinitionMismatch: a definition is applied to the name, and the start contradicts it.
    """
    applied = read_applied(connection, request.name)
    if applied is None:
        return given_definition(request)
    differing = list(_differing(request, applied.definition))
    if differing:
        raise _mismatch(request, applied, caller, differing)
    return applied.definition


def _differing(request: StartWorkflow, definition: Definition) -> Iterator[tuple[str, object, object]]:
    """The options in which the start contradicts the definition: name, the start's value, the definition's value."""
    # The order of participants and of redacted fields does not matter.
    given = {**vars(request), "participants": sorted(request.participants), "redact": sorted(request.redact)}
    said = {**vars(definition), "participants": sorted(definition.participants), "redact": sorted(definition.redact)}
    for option in ("plan", "participants", "redact"):
        if given[option] and given[option] != said[option]:
            yield option, given[option], said[option]
    for option in ("on_failure", "deadline_seconds", "on_deadline", "on_compensation_error", "on_skip"):
        if given[option] is not None and given[option] != said[option]:
            yield option, given[option], said[option]


def _mismatch(
    request: StartWorkflow, applied: AppliedDefinition, caller: Caller, differing: list[tuple[str, object, object]]
) -> DefinitionMismatch:
    contradictions = "; ".join(
        f"{option} is {_shown(given)} in the start but {_shown(said)} in the definition"
        for option, given, said in differing
    )
    options = ", ".join(option for option, _, _ in differing)
    return DefinitionMismatch(
        f"The start of workflow {request.name} / {request.key} in task {caller.task_id} of DAG {caller.dag_id} "
        f"contradicts version {applied.number} of the definition of {request.name}, applied by "
        f"{applied.version.applied_by}: {contradictions}.",
        f"Remove {options} from the start, or apply a definition that agrees with it: airflow wfstate definitions "
        "apply FILE",
    )


def _shown(value: object) -> str:
    if value is None or value == []:
        return "none"
    text = str(value.value) if isinstance(value, Enum) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
