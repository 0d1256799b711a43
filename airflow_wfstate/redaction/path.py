"""The paths of ``redact=[...]``: JSONPath queries (RFC 9535) without filters.

A path that does not begin with ``$`` matches at any depth: ``card_number`` means ``$..card_number``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from airflow_wfstate.exceptions import InvalidRequest

if TYPE_CHECKING:
    from jsonpath import JSONPathEnvironment
    from jsonpath.segments import JSONPathSegment

MAX_PATHS: Final = 20
MAX_PATH_LENGTH: Final = 250
_MAX_DESCENTS: Final = 1
"""The most ``..`` in a path."""


@dataclass(frozen=True)
class Step:
    """One segment of a path: which children of a value it selects.

    :param descends: whether it also selects children of everything inside the value (``..``).
    :param names: names of members of objects.
    :param indices: indices of items of arrays; negative ones count from the end.
    :param slices: start, stop and step of slices of arrays.
    :param every: whether it selects all members and items (``*``).
    """

    descends: bool
    names: frozenset[str]
    indices: frozenset[int]
    slices: tuple[tuple[int | None, int | None, int | None], ...]
    every: bool

    def names_member(self, name: str) -> bool:
        """Whether it selects this member of an object."""
        return self.every or name in self.names

    def names_item(self, index: int, length: int) -> bool:
        """Whether it selects this item of an array of that length."""
        if self.every or index in self.indices or index - length in self.indices:
            return True
        return any(index in range(*slice(*bounds).indices(length)) for bounds in self.slices)


Path: TypeAlias = "tuple[Step, ...]"


def check_paths(paths: Sequence[str]) -> tuple[str, ...]:
    """Check that all paths can be searched for, and return them.

    :raises InvalidRequest: there are more than 20; or one is longer than 250 characters, is not a JSONPath, holds a
        filter, descends (``..``) more than once, or has a wildcard right behind ``..``.
    """
    if isinstance(paths, str) or len(paths) > MAX_PATHS:
        raise InvalidRequest("redact is not a list of paths, or is long.", f"Give a list of at most {MAX_PATHS} paths.")
    for path in paths:
        _check_descents(path, parse_path(path))
    return tuple(paths)


def _check_descents(path: str, steps: Path) -> None:
    if sum(step.descends for step in steps) > _MAX_DESCENTS:
        raise InvalidRequest(
            f"The path {path!r} in redact descends more than once (..; a path without $ descends at its beginning).",
            "Name what to hide, for instance card_number or $.customer.address.",
        )
    if any(step.descends and (step.every or step.slices) for step in steps):
        raise InvalidRequest(
            f"The path {path!r} in redact has a wildcard or a slice right behind its descent (..).",
            "Name the value whose whole content to hide, for instance $.customer.",
        )


@lru_cache(maxsize=1024)
def parse_path(path: str) -> Path:
    """Parse a path into segments, from the outermost one; no segments for ``$``, the whole value.

    :raises InvalidRequest: it is not a path, or has a filter.
    """
    # Imported late: it takes 25 ms (measured), which a task without a redacted step should not have to spend.
    from jsonpath import JSONPath
    from jsonpath.exceptions import JSONPathError

    if not isinstance(path, str) or not 1 <= len(path) <= MAX_PATH_LENGTH or not path.isprintable():
        raise InvalidRequest(
            f"The path {str(path)[:80]!r} in redact is empty, too long or not printable.",
            f"Give 1 to {MAX_PATH_LENGTH} characters, for instance card_number or $.customer.address.",
        )
    if "?" in path:
        raise InvalidRequest(
            f"The path {path!r} in redact has a filter.",
            "Name what to hide, for instance card_number or $.customer.address.",
        )
    try:
        compiled = _environment().compile(path if path.startswith("$") else f"$..{path}")
    except JSONPathError as error:
        raise InvalidRequest(
            f"The path {path!r} in redact is not a JSONPath: {str(error).splitlines()[0]}.",
            "Give one that follows RFC 9535, for instance card_number, items[*].cvc or ['card-number'].",
        ) from error
    if not isinstance(compiled, JSONPath):
        raise InvalidRequest(f"The path {path!r} in redact is more than one path.", "Give each one separately.")
    return tuple(_step(path, segment) for segment in compiled.segments)


def _step(path: str, segment: JSONPathSegment) -> Step:
    from jsonpath.segments import JSONPathRecursiveDescentSegment
    from jsonpath.selectors import IndexSelector, NameSelector, SliceSelector, WildcardSelector

    names, indices, slices, every = [], [], [], False
    for selector in segment.selectors:
        if isinstance(selector, NameSelector):
            names.append(selector.name)
        elif isinstance(selector, IndexSelector):
            indices.append(selector.index)
        elif isinstance(selector, SliceSelector):
            if selector.slice.step != 0:  # according to RFC 9535, this selects nothing
                slices.append((selector.slice.start, selector.slice.stop, selector.slice.step))
        elif isinstance(selector, WildcardSelector):
            every = True
        else:
            raise InvalidRequest(
                f"The path {path!r} in redact has a selector that is not in RFC 9535.",
                "Use names, indices, slices and *, for instance items[*].cvc.",
            )
    descends = isinstance(segment, JSONPathRecursiveDescentSegment)
    return Step(descends, frozenset(names), frozenset(indices), tuple(slices), every)


@cache
def _environment() -> JSONPathEnvironment:
    from jsonpath import JSONPathEnvironment

    environment = JSONPathEnvironment(strict=True)
    environment.function_extensions.clear()
    return environment
