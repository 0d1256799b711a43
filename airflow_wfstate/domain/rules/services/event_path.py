"""The path of a value in an event: a singular JSONPath query (RFC 9535, section 2.3.5), which selects at most one.

``$.data.order_id``, ``$.data['order-id']``, ``$.data.parcels[0].number``. A path applies to the whole event in its JSON
form, in which attributes are members like ``data``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.exceptions import InvalidRequest

MAX_EVENT_PATH_LENGTH: Final = 250
"""The most characters in one path."""

MAX_EVENT_PATH_SEGMENTS: Final = 32
"""The most names and indices in one path."""

_SEGMENT: Final = re.compile(
    r"""
      \.(?P<name>[^\W\d]\w*)
    | \[\ *(?:
        '(?P<single>(?:[^'\\]|\\.)*)'
      | "(?P<double>(?:[^"\\]|\\.)*)"
      | (?P<index>0|-?[1-9]\d{0,14})
    )\ *\]
    """,
    re.VERBOSE | re.DOTALL,
)
_HOW: Final = "Give the path of one value, for instance $.data.order_id, $.data['order-id'] or $.data.items[0].id."


@dataclass(frozen=True)
class EventPath:
    """A parsed path.

    :param segments: names of members and indices of items, from the outermost one; an index below zero counts from
        the end. Empty for ``$``, the whole event.
    """

    segments: tuple[str | int, ...]

    def find(self, event: JsonValue) -> tuple[JsonValue] | None:
        """The value at the path, in a tuple of one; None if the event has no value there (null is a value)."""
        found = event
        for segment in self.segments:
            if isinstance(segment, str):
                if not isinstance(found, dict) or segment not in found:
                    return None
                found = found[segment]
            else:
                if not isinstance(found, list) or not -len(found) <= segment < len(found):
                    return None
                found = found[segment]
        return (found,)


@lru_cache(maxsize=1024)
def parse_event_path(text: str) -> EventPath:
    """Parse a path.

    :raises InvalidRequest: it is not a path, may select more than one value (``*``, ``..``, slices, filters, unions),
        has         more than 250 characters or more than 32 segments.
    """
    if not isinstance(text, str) or not text.startswith("$") or len(text) > MAX_EVENT_PATH_LENGTH:
        raise InvalidRequest(
            f"The path {str(text)[:80]!r} does not begin with $, or has over {MAX_EVENT_PATH_LENGTH} characters.", _HOW
        )
    segments: list[str | int] = []
    place = 1
    while place < len(text):
        found = _SEGMENT.match(text, place)
        if found is None:
            raise InvalidRequest(
                f"The path {text!r} is not the path of one value: it is not valid from {text[place:][:40]!r} on "
                "(wildcards, descents, slices and filters are not allowed).",
                _HOW,
            )
        segments.append(_segment(text, found))
        place = found.end()
    if len(segments) > MAX_EVENT_PATH_SEGMENTS:
        raise InvalidRequest(
            f"The path {text[:80]!r} has {len(segments)} segments; at most {MAX_EVENT_PATH_SEGMENTS} are allowed.", _HOW
        )
    return EventPath(tuple(segments))


def _segment(text: str, found: re.Match[str]) -> str | int:
    if (index := found["index"]) is not None:
        return int(index)
    if (name := found["name"]) is not None:
        return name
    quoted = found["double"]
    if quoted is None:  # as JSON would write it: what is escaped in single quotes only is not escaped there
        quoted = re.sub(r"\\.|\"", lambda part: {r"\'": "'", '"': r"\""}.get(part[0], part[0]), found["single"])
    try:
        member: str = json.loads(f'"{quoted}"')
    except ValueError as error:
        raise InvalidRequest(f"The path {text!r} has a name that is not valid: {error}.", _HOW) from error
    return member
