"""Read a definition from the text of a definition file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_wfstate.definition_file.document import read_document
from airflow_wfstate.definition_file.meaning import meaning_problems
from airflow_wfstate.definition_file.problem import Problem, UnreadableDefinition, invalid_definition
from airflow_wfstate.definition_file.structure import structure_problems
from airflow_wfstate.domain.rules.definition import Definition, NamedDefinition
from airflow_wfstate.domain.rules.policies import CompensationErrorPolicy, DeadlinePolicy, FailurePolicy, SkipPolicy
from airflow_wfstate.domain.rules.services.choreography import (
    Choreography,
    EventMeaning,
    Service,
    ServiceEvent,
    ServiceUndo,
)
from airflow_wfstate.domain.rules.text.iso_duration import parse_iso_duration


def read_definition_file(text: str) -> NamedDefinition:
    """The definition that a file declares.

    :param text: YAML, or JSON, which is YAML too.
    :raises InvalidDefinition: it declares none; the reason names every error with its line and column.
    """
    read = check_definition_file(text)
    if isinstance(read, NamedDefinition):
        return read
    raise invalid_definition(read)


def check_definition_file(text: str) -> NamedDefinition | list[Problem]:
    """The definition that a file declares, or, if it is not valid, all problems by line."""
    try:
        document = read_document(text)
    except UnreadableDefinition as unreadable:
        return _by_place(unreadable.problems)
    problems = list(document.problems)
    if document.value is not None or not problems:
        structural = list(structure_problems(document))
        wrong = {path for path, _ in structural}
        problems += [problem for _, problem in structural]
        problems += [problem for path, problem in meaning_problems(document) if path not in wrong]
    return _by_place(problems) if problems else _named(document.value)


def _by_place(problems: Sequence[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.line, problem.column))


def _named(value: Any) -> NamedDefinition:
    """The definition of a document that has been checked."""
    participants: dict[str, Any] = value.get("participants") or {}
    services = tuple(_service(name, said) for name, said in sorted(participants.items()) if said)
    key, starts_on = value.get("key"), tuple(value.get("starts_on", ()))
    is_choreographed = bool(services or starts_on or key is not None)
    definition = Definition(
        plan=list(value.get("plan", ())),
        participants=sorted(name for name, said in participants.items() if not said),
        on_failure=FailurePolicy(value.get("on_failure", FailurePolicy.COMPENSATE)),
        deadline_seconds=_seconds(value["deadline"]) if "deadline" in value else None,
        on_deadline=DeadlinePolicy(value.get("on_deadline", DeadlinePolicy.FLAG)),
        on_compensation_error=CompensationErrorPolicy(value.get("on_compensation_error", CompensationErrorPolicy.STOP)),
        redact=tuple(value.get("redact", ())),
        on_skip=SkipPolicy(value.get("on_skip", SkipPolicy.HOLD)),
        choreography=Choreography(key, starts_on, services) if is_choreographed else None,
    )
    return NamedDefinition(value["name"], definition)


def _service(name: str, said: Any) -> Service:
    return Service(
        name=name,
        sources=tuple(said["sources"]),
        users=tuple(said.get("users", ())),
        events={
            event_type: ServiceEvent(event["step"], EventMeaning(event["is"]), event.get("output"), event.get("error"))
            for event_type, event in sorted(said["events"].items())
        },
        compensate={
            step: ServiceUndo(undo["send"], _seconds(undo["within"]))
            for step, undo in sorted(said.get("compensate", {}).items())
        },
        subscription=None if said.get("subscription") == name else said.get("subscription"),
    )


def _seconds(text: str) -> int:
    duration = parse_iso_duration(text)
    assert duration is not None  # noqa: S101 - the schema's pattern is that of durations
    return int(duration.total_seconds())
