"""A YAML document: its values, and the position of each.

It supports only the parts of YAML that a definition needs: mappings with string keys, sequences, strings, null, true
and false. Every other plain scalar is a string, so that ``no`` and ``1e3`` are ordinary names. Anchors, aliases, tags,
further documents and duplicate keys are refused. Size and depth are limited before anything is built.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import yaml  # type: ignore[import-untyped]  # its stubs are a package apart, which Airflow does not install

from airflow_wfstate.definition_file.problem import Path, Problem, UnreadableDefinition, shown_path

MAX_CHARACTERS: Final = 256 * 1024
"""The most characters in a file."""

MAX_DEPTH: Final = 8
"""The maximum nesting of mappings and sequences; a definition needs six levels."""

Value: TypeAlias = "bool | str | list[Value] | dict[str, Value] | None"

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it: a file of nearly the greatest size is read in 0.06 s, and in 0.8 s without it
(measured)."""

_PLAIN: Final[dict[str, bool | None]] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass
class Document:
    """A document, or as much of it as could be read.

    :param value: the value of the whole document; None if there is none.
    :param places: line and column, from 1, of the value at each path.
    :param keys: line and column of the key of each value.
    :param unread: the paths of aliases, whose values are not known.
    :param problems: why it could not be read, or only partly.
    """

    value: Value = None
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    unread: set[Path] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, path: Path, reason: str, remedy: str, *, at_key: bool = False) -> Problem:
        """A problem with the value at a path.

        :param at_key: whether the key is wrong instead of the value.
        """
        line, column = self._place(path, at_key=at_key)
        return Problem(line, column, shown_path(path), reason, remedy)

    def _place(self, path: Path, *, at_key: bool) -> tuple[int, int]:
        """The position of the value, or else of what contains it."""
        for length in range(len(path), -1, -1):
            places = self.keys if at_key else self.places
            if (found := places.get(path[:length]) or self.places.get(path[:length])) is not None:
                return found
        return 1, 1


def read_document(text: str) -> Document:
    """Read one YAML document.

    :raises UnreadableDefinition: the text is too long, or is not YAML; or it nests too deeply. What stands behind such
        a place cannot be read.
    """
    if len(text) > MAX_CHARACTERS:
        raise UnreadableDefinition(
            [Problem(1, 1, "", f"The file has {len(text)} characters.", f"At most {MAX_CHARACTERS} are allowed.")]
        )
    try:
        return _Builder(text.removeprefix("\ufeff")).build()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = f"This is not YAML: {error.problem or error.context}"
        if error.context and error.problem:
            reason += f" ({error.context})"
        line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
        remedy = "Check indentation, colons and quotes; tabs do not indent."
        raise UnreadableDefinition([Problem(line, column, "", f"{reason}.", remedy)]) from None
    except (yaml.YAMLError, UnicodeError) as error:  # a character that YAML does not allow, or half of one
        line, column = _place_of_bad_character(text)
        reason = f"The file contains a character that YAML does not allow ({str(error).splitlines()[0][:200]})."
        remedy = "Leave it out, or write it as an escape in double quotes."
        raise UnreadableDefinition([Problem(line, column, "", reason, remedy)]) from None


class _Builder:
    """Builds values of the parser's events; recursion is bounded by :data:`MAX_DEPTH`."""

    def __init__(self, text: str) -> None:
        self._events: Any = yaml.parse(text, Loader=_LOADER)
        self._document = Document()

    def build(self) -> Document:
        next(self._events)  # the stream begins
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            self._document.problems.append(Problem(1, 1, "", "The file is empty.", "Give at least name."))
            return self._document
        self._document.value = self._value(next(self._events), ())
        next(self._events)  # the document ends
        further = next(self._events)
        if not isinstance(further, yaml.StreamEndEvent):
            line, column = _place(further)
            self._document.problems.append(
                Problem(line, column, "", "A second document begins here (---).", "Use a separate file for each name.")
            )
        return self._document

    def _value(self, event: Any, path: Path) -> Value:
        self._document.places[path] = _place(event)
        if isinstance(event, yaml.AliasEvent):
            self._document.unread.add(path)
            self._add(path, f"This is the alias *{event.anchor}.", "Write the value itself: aliases are not allowed.")
            return None
        if event.anchor is not None:
            self._add(path, f"This has the anchor &{event.anchor}.", "Remove it; anchors are not allowed.")
        if event.tag is not None:
            self._add(path, f"This has the tag {event.tag[:80]}.", "Remove it; tags are not allowed.")
        if isinstance(event, yaml.ScalarEvent):
            return _PLAIN.get(event.value, event.value) if event.implicit[0] else str(event.value)
        if len(path) >= MAX_DEPTH:
            problem = self._document.problem(path, "This is too deep.", f"At most {MAX_DEPTH} levels are allowed.")
            raise UnreadableDefinition([*self._document.problems, problem])
        return self._sequence(path) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(path)

    def _sequence(self, path: Path) -> list[Value]:
        items: list[Value] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path) -> dict[str, Value]:
        members: dict[str, Value] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key, place = self._key(event, path), _place(event)
            member = (*path, key)
            if key in members:
                first = self._document.keys[member][0]
                self._document.problems.append(
                    Problem(*place, shown_path(member), f"This was already given in line {first}.", "Give it once.")
                )
            self._document.keys[member] = place
            members[key] = self._value(next(self._events), member)
        return members

    def _key(self, event: Any, path: Path) -> str:
        if isinstance(event, yaml.ScalarEvent) and event.anchor is None and event.tag is None:
            key = _PLAIN.get(event.value, event.value) if event.implicit[0] else event.value
            if isinstance(key, str):
                return key
        line, column = _place(event)
        self._document.problems.append(
            Problem(
                line, column, shown_path(path), "This key is not a plain text.", 'Give a name; quote it as in "true".'
            )
        )
        if not isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent)):
            raise UnreadableDefinition(self._document.problems)
        return str(getattr(event, "value", event.anchor))

    def _add(self, path: Path, reason: str, remedy: str) -> None:
        self._document.problems.append(self._document.problem(path, reason, remedy))


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _place_of_bad_character(text: str) -> tuple[int, int]:
    """Of the first character that YAML 1.1 does not print, or that has no UTF-8 form."""
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    before = text[: found.start()] if found else text
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
