"""ISO 8601 durations in weeks, days, hours, minutes and seconds: ``P3D``, ``PT4H``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

ISO_DURATION: Final = r"P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?"
"""As a regular expression; what it matches must also name a number, and not end in T."""

_DURATION: Final = re.compile(ISO_DURATION, re.ASCII)


def parse_iso_duration(text: str) -> timedelta | None:
    """Parse a duration; None if the text is not one. Years and months, which have no fixed length, are not accepted."""
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()) or text.endswith("T"):
        return None
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def iso_duration(seconds: int) -> str:
    """The text of a duration in its largest units: ``P1DT12H`` for 129600; ``PT0S`` for none."""
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    date = f"{days}D" if days else ""
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if number)
    return f"P{date}T{time}" if time else f"P{date}" if date else "PT0S"
