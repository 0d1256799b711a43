"""The deadline of a workflow: a duration from its start, or a point in time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from airflow_wfstate.domain.rules.text.iso_duration import parse_iso_duration
from airflow_wfstate.domain.rules.text.moment import parse_moment
from airflow_wfstate.exceptions import InvalidRequest

LONGEST: Final = timedelta(days=100 * 366)
"""The longest possible duration."""

_HOW: Final = (
    "Give a positive timedelta, a datetime with a time zone, or a text that is or renders to an ISO 8601 duration in "
    "weeks, days, hours, minutes and seconds (P3D, PT4H) or to such a moment (2026-12-01T12:00:00+00:00)."
)


def check_deadline(value: object) -> timedelta | datetime:
    """Convert a value to a deadline.

    :raises InvalidRequest: the value is not a deadline: it has another type or another form, is not above zero, is over
        a hundred years, or has no time zone.
    """
    if isinstance(value, str):
        if not value.strip():
            raise InvalidRequest("The deadline is empty.", f"For no deadline, leave it out. Otherwise: {_HOW}")
        value = _parsed(value.strip())
    if isinstance(value, timedelta):
        if not timedelta(0) < value <= LONGEST:
            raise InvalidRequest(f"The deadline is {value}, which is not above zero or over a hundred years.", _HOW)
        return value
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise InvalidRequest(f"The deadline {value.isoformat()} has no time zone.", _HOW)
        return value
    raise InvalidRequest(f"The deadline is {value!r}, of type {type(value).__name__}.", _HOW)


def _parsed(text: str) -> timedelta | datetime:
    duration = parse_iso_duration(text)
    if duration is not None:
        return duration
    try:
        return parse_moment(text)
    except ValueError:
        raise InvalidRequest(f"The deadline is {text[:80]!r}.", _HOW) from None
