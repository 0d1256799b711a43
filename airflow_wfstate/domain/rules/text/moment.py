"""Moments as text."""

from __future__ import annotations

import re
from datetime import datetime


def parse_moment(text: str) -> datetime:
    """The moment that a text in ISO 8601 names; without an offset it has no time zone.

    :raises ValueError: it names none.
    """
    # Python 3.10 does not read the Z of ISO 8601.
    return datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))
