"""A point in the stream of journal entries from which a subscription is delivered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from airflow_wfstate.domain.rules.text.moment import parse_moment
from airflow_wfstate.exceptions import InvalidRequest

NOW = "now"
BEGINNING = "beginning"

_LARGEST_NUMBER = 2**62 - 1


@dataclass(frozen=True)
class Moment:
    """Everything written at this time or later."""

    at: datetime


@dataclass(frozen=True)
class Entry:
    """An entry of a workflow's journal, and everything written after it."""

    workflow_id: str
    number: int


@dataclass(frozen=True)
class Edge:
    """The beginning or the current end of the stream."""

    is_beginning: bool


StreamPoint = Moment | Entry | Edge


def parse_stream_point(text: str) -> StreamPoint:
    """Parse a point.

    :param text: ``now``, ``beginning``, a time in ISO 8601 with an offset, or the id of an event, which is
        ``workflow_id:number``.
    :raises InvalidRequest: it names none.
    """
    if text in (NOW, BEGINNING):
        return Edge(text == BEGINNING)
    if found := re.fullmatch(r"([0-9a-fA-F-]{32,36}):([0-9]{1,19})", text):
        try:
            return Entry(str(UUID(found[1])), _number(found[2]))
        except ValueError:
            raise _unknown(text) from None
    try:
        moment = parse_moment(text)
        if moment.tzinfo is not None:
            moment.timestamp()  # what no clock can show raises here
            return Moment(moment)
    except (ValueError, OverflowError):
        pass
    raise _unknown(text)


def _number(text: str) -> int:
    number = int(text)
    if not 1 <= number <= _LARGEST_NUMBER:
        raise ValueError("no entry has this number")
    return number


def _unknown(text: str) -> InvalidRequest:
    return InvalidRequest(
        f"{text[:80]!r} is not a point to deliver from.",
        "Give now, beginning, a time with an offset such as 2026-03-01T12:00:00+00:00, or the id of an event.",
    )
