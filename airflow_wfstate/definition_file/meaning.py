"""Check what a JSON Schema cannot express: names, paths, and whether the parts of a definition agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches

from airflow_wfstate.definition_file.document import Document
from airflow_wfstate.definition_file.problem import Path, Problem
from airflow_wfstate.domain.rules.deadline import LONGEST
from airflow_wfstate.domain.rules.services.event_path import parse_event_path
from airflow_wfstate.domain.rules.text.iso_duration import parse_iso_duration
from airflow_wfstate.domain.rules.text.names import check_name, check_step_name
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.redaction import check_paths


def meaning_problems(document: Document) -> Iterator[tuple[Path, Problem]]:
    """List the problems other than those of structure, each with the path of the value.

    Values with a wrong structure are skipped.
    """
    yield from _Meaning(document).problems()


class _Meaning:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._root = _mapping(document.value)
        participants = _mapping(self._root.get("participants"))
        self._services = {name: value for name, value in participants.items() if isinstance(value, dict) and value}

    def problems(self) -> Iterator[tuple[Path, Problem]]:
        yield from self._checked(("name",), self._root.get("name"), _check_definition_name)
        yield from self._checked(("key",), self._root.get("key"), parse_event_path)
        yield from self._checked(("deadline",), self._root.get("deadline"), _check_duration)
        for index, path in enumerate(_list(self._root.get("redact"))):
            yield from self._checked(("redact", index), path, _check_redacted)
        for index, kind in enumerate(_list(self._root.get("starts_on"))):
            yield from self._checked(("starts_on", index), kind, _check_event_type)
        if self._root.get("starts_on") and "key" not in self._root:
            reason, remedy = "starts_on needs key.", "Say where these events contain the workflow's business key."
            yield self._problem(("starts_on",), reason, remedy, at_key=True)
        yield from self._plan()
        for name in _mapping(self._root.get("participants")):
            yield from self._checked(("participants", name), name, _check_participant, at_key=True)
        for name in self._services:
            yield from self._service(name)
        yield from self._sources()

    def _plan(self) -> Iterator[tuple[Path, Problem]]:
        for index, entry in enumerate(_list(self._root.get("plan"))):
            path = ("plan", index)
            yield from self._checked(path, entry, _check_entry)
            if not isinstance(entry, str):
                continue
            service = max((name for name in self._services if entry.startswith(f"{name}.")), key=len, default=None)
            if service is None:
                continue
            steps = self._steps_of(service)
            step = entry[len(service) + 1 :]
            if step not in steps:
                yield self._problem(path, f"No event of {service} is about a step {step!r}.", _meant(step, steps))

    def _service(self, name: str) -> Iterator[tuple[Path, Problem]]:
        at: Path = ("participants", name)
        service = self._services[name]
        for option, check in (("sources", _check_source), ("users", _check_user)):
            for index, text in enumerate(_list(service.get(option))):
                yield from self._checked((*at, option, index), text, check)
        events = _mapping(service.get("events"))
        for event_type, event in events.items():
            path = (*at, "events", event_type)
            yield from self._checked(path, event_type, _check_event_type, at_key=True)
            said = _mapping(event)
            yield from self._checked((*path, "step"), said.get("step"), check_step_name)
            yield from self._checked((*path, "output"), said.get("output"), parse_event_path)
            yield from self._checked((*path, "error"), said.get("error"), parse_event_path)
        yield from self._checked((*at, "subscription"), service.get("subscription"), _check_subscription)
        yield from self._undos(name)

    def _undos(self, name: str) -> Iterator[tuple[Path, Problem]]:
        service, steps = self._services[name], self._steps_of(name)
        answered: set[object] = {
            event.get("step")
            for event in map(_mapping, _mapping(service.get("events")).values())
            if event.get("is") == "compensated"
        }
        for step, undo in _mapping(service.get("compensate")).items():
            path: Path = ("participants", name, "compensate", step)
            if step not in steps:
                reason = f"No event of {name} is about a step {step!r}."
                yield self._problem(path, reason, _meant(step, steps), at_key=True)
            elif step not in answered:
                reason = (
                    f"No event of {name} says that {step} is compensated, so nobody could know when its undo is done."
                )
                yield self._problem(
                    path, reason, f"Add one to its events: {{step: {step}, is: compensated}}.", at_key=True
                )
            said = _mapping(undo)
            yield from self._checked((*path, "send"), said.get("send"), _check_event_type)
            yield from self._checked((*path, "within"), said.get("within"), _check_duration)

    def _sources(self) -> Iterator[tuple[Path, Problem]]:
        """Two services must not have the same source."""
        taken: dict[str, str] = {}
        for name, service in self._services.items():
            for index, source in enumerate(_list(service.get("sources"))):
                if isinstance(source, str) and taken.setdefault(source, name) != name:
                    reason = f"The source {source!r} already belongs to {taken[source]}."
                    remedy = "Give each service its own sources. A longer source takes precedence over a shorter one."
                    yield self._problem(("participants", name, "sources", index), reason, remedy)

    def _steps_of(self, service: str) -> list[str]:
        events = _mapping(self._services[service].get("events")).values()
        return sorted({step for event in events if isinstance(step := _mapping(event).get("step"), str)})

    def _checked(
        self, path: Path, value: object, check: Callable[[str], object], *, at_key: bool = False
    ) -> Iterator[tuple[Path, Problem]]:
        """The problem that a rule of the domain has with a text; none with anything else."""
        if not isinstance(value, str):
            return
        try:
            check(value)
        except InvalidRequest as error:
            yield self._problem(path, error.reason, error.remedy, at_key=at_key)

    def _problem(self, path: Path, reason: str, remedy: str, *, at_key: bool = False) -> tuple[Path, Problem]:
        return path, self._document.problem(path, reason, remedy, at_key=at_key)


def _check_source(text: str) -> None:
    check_name("source", text)


def _check_user(text: str) -> None:
    check_name("user", text)


def _check_event_type(text: str) -> None:
    check_name("type of event", text)


def _check_subscription(text: str) -> None:
    check_name("subscription name", text)


def _check_entry(text: str) -> None:
    check_name("plan entry", text)


def _check_redacted(text: str) -> None:
    check_paths([text])


def _check_definition_name(text: str) -> None:
    check_name("workflow name", text)
    if text in (".", ".."):
        raise InvalidRequest(f"The workflow name {text!r} means a folder in a URL.", "Give another name.")


def _check_participant(text: str) -> None:
    check_name("participant", text)
    if "[" in text or "]" in text:
        raise InvalidRequest(
            f"The participant {text[:80]!r} has square brackets, which enclose a place in names of steps.",
            "Leave them out.",
        )


def _check_duration(text: str) -> None:
    duration = parse_iso_duration(text)
    if duration is not None and not 0 < duration.total_seconds() <= LONGEST.total_seconds():
        raise InvalidRequest(f"{text!r} is not above zero, or over a hundred years.", "Give a time in between.")


def _meant(step: str, steps: list[str]) -> str:
    likely = get_close_matches(step, steps, n=1)
    meant = f"Did you mean {likely[0]}? " if likely else ""
    return f"{meant}Its events are about {', '.join(steps) or 'no step'}."


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
