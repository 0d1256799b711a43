"""When a workflow is to have ended: after a time from its start on, or at a moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from airflow_wfstate.domain.rules.text.iso_duration import parse_iso_duration
from airflow_wfstate.domain.rules.text.moment import parse_moment
from airflow_wfstate.exceptions import InvalidRequest

LONGEST: Final = timedelta(days=100 * 366)
"""The longest duration that may be asked for."""

_HOW: Final = (
    "Give a positive timedelta, a datetime with a time zone, or a text that is or renders to an ISO 8601 duration in "
    "weeks, days, hours, minutes and seconds (P3D, PT4H) or to such a moment (2026-12-01T12:00:00+00:00)."
)


def check_deadline(value: object) -> timedelta | datetime:
    """The deadline that a value means.

    :raises InvalidRequest: it means none: it is of another type, not above zero or over a hundred years; a moment
        without a time zone; a text of another form.
    """
    if isinstance(value, str):
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
