"""Check a document against the published JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path as FilePath
from typing import Any, Final

from airflow_wfstate.definition_file.document import Document
from airflow_wfstate.definition_file.problem import Path, Problem
from airflow_wfstate.domain.rules.services.choreography import EventMeaning

SCHEMA_FILE: Final = FilePath(__file__).parent / "definition.schema.json"
"""The published schema."""

_KINDS: Final[Mapping[type, str]] = {
    str: "a text",
    list: "a list",
    dict: "a mapping",
    bool: "true or false",
    type(None): "nothing",
}
_MEANINGS: Final = frozenset(meaning.value for meaning in EventMeaning)
_EXPECTED: Final[Mapping[str, str]] = {"string": "a text", "array": "a list", "object": "a mapping", "null": "nothing"}
_DURATION: Final = "Give an ISO 8601 duration in weeks, days, hours, minutes and seconds, such as P3D or PT1H30M."
_PATTERNS: Final[Mapping[str, tuple[str, str]]] = {
    "^\\$": ("does not begin with $", "Give a JSONPath, such as $.data.order_id."),
    "^[^/]*$": ("contains a slash", "Remove it, because the name is part of the definition's URL."),
}
"""What a pattern of the schema means; every other one is that of a duration."""


@cache
def definition_schema() -> dict[str, Any]:
    """The JSON Schema (draft 7, which editors know best) of a definition."""
    schema: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return schema


def structure_problems(document: Document) -> Iterator[tuple[Path, Problem]]:
    """List the problems with the structure, each with the path of the wrong value."""
    told: set[tuple[Path, Problem]] = set()
    for error in _validator().iter_errors(document.value):
        path = tuple(error.absolute_path)
        if path in document.unread:
            continue
        for found in _problems(document, path, error):
            if found not in told:  # the validator reports fields that are missing together one by one
                told.add(found)
                yield found


@cache
def _validator() -> Any:
    from jsonschema import Draft7Validator  # type: ignore[import-untyped]  # its stubs are a package apart

    return Draft7Validator(definition_schema())


def _problems(document: Document, path: Path, error: Any) -> Iterator[tuple[Path, Problem]]:
    """The problems behind an error of the validator, which may report several fields at once."""
    rule, said, value = error.validator, error.validator_value, error.instance
    if rule == "additionalProperties":
        known = error.schema["properties"]
        for name in (name for name in value if name not in known):
            yield (*path, name), _unknown(document, (*path, name), name, known)
    elif rule == "required":
        for name in (name for name in said if name not in value):
            problem = document.problem(path, f"{name!r} is missing.", f"Give {_listed(said)}.", at_key=True)
            yield (*path, name), problem
    elif rule == "dependencies":
        for given, needed in _missing(value, said):
            problem = document.problem((*path, given), f"{given} needs {needed}.", f"Give {needed} too.", at_key=True)
            yield (*path, needed), problem
    elif rule == "const" and value not in _MEANINGS:
        return  # already reported
    elif rule in _WORDS:
        at_key = "propertyNames" in error.absolute_schema_path
        path = (*path, value) if at_key else path
        reason, remedy = _WORDS[rule](value, said)
        yield path, document.problem(path, reason, remedy, at_key=at_key)
    else:
        yield path, document.problem(path, f"{error.message}.", "See the schema of definitions.")


def _unknown(document: Document, path: Path, name: str, known: Iterable[str]) -> Problem:
    likely = get_close_matches(name, known, n=1)
    meant = f"Did you mean {likely[0]}? " if likely else ""
    return document.problem(path, "There is no such field here.", f"{meant}Allowed: {_listed(known)}.", at_key=True)


def _missing(value: Mapping[str, object], said: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Fields that are given without another field that they need."""
    for given, needed in said.items():
        if given in value and isinstance(needed, list):
            yield from ((given, name) for name in needed if name not in value)


def _type(value: object, said: str | Sequence[str]) -> tuple[str, str]:
    expected = " or ".join(_EXPECTED[kind] for kind in ([said] if isinstance(said, str) else said))
    shown = f" ({value!r})" if isinstance(value, str) and len(value) <= 40 else ""
    return f"This is {_KINDS[type(value)]}{shown}.", f"Give {expected}."


def _enum(value: object, said: Sequence[str]) -> tuple[str, str]:
    likely = get_close_matches(value, said, n=1) if isinstance(value, str) else []
    meant = f"Did you mean {likely[0]}? " if likely else ""
    return f"This is {_short(value)}.", f"{meant}Allowed: {_listed(said)}."


def _const(value: object, said: str) -> tuple[str, str]:
    field = {"succeeded": "output", "failed": "error"}[said]
    return (
        f"This is {_short(value)}, and {field} is given.",
        f"Only an event that says {said} can have {field}. Remove it.",
    )


def _pattern(value: str, said: str) -> tuple[str, str]:
    complaint, remedy = _PATTERNS.get(said, ("is no duration", _DURATION))
    return f"{_short(value)} {complaint}.", remedy


def _unique(value: Sequence[object], said: bool) -> tuple[str, str]:
    twice = next(item for index, item in enumerate(value) if item in value[:index])
    return f"{_short(twice)} is listed twice.", "Give it once."


_WORDS: Final[Mapping[str, Any]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "pattern": _pattern,
    "uniqueItems": _unique,
    "minLength": lambda value, said: ("This is empty.", "Use visible characters."),
    "maxLength": lambda value, said: (f"This has {len(value)} characters.", f"At most {said} are allowed."),
    "minItems": lambda value, said: ("This is empty.", "Give at least one."),
    "maxItems": lambda value, said: (f"These are {len(value)}.", f"At most {said} are allowed."),
    "minProperties": lambda value, said: ("This is empty.", "Give at least one."),
    "maxProperties": lambda value, said: (f"These are {len(value)}.", f"At most {said} are allowed."),
}
"""For each rule of the schema, the reason and the remedy for a value that violates it."""


def _short(value: object) -> str:
    if not isinstance(value, str):
        return _KINDS[type(value)]
    return repr(value if len(value) <= 80 else f"{value[:77]}...")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
