"""Durations as people write them on the command line."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from airflow_wfstate.exceptions import InvalidRequest

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_duration(text: str) -> timedelta:
    """The duration that a text names: a whole number, and s, m, h, d or w.

    :raises InvalidRequest: it names none, or nothing at all.
    """
    found = re.fullmatch(r"(\d{1,9})([smhdw])", text.strip(), re.ASCII)
    if found is None or int(found[1]) == 0:
        raise InvalidRequest(f"{text!r} is no duration.", "Write it as 90s, 30m, 2h, 1d or 4w.")
    try:
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError:
        raise InvalidRequest(f"{text!r} is too long.", "Give at most a hundred years.") from None
