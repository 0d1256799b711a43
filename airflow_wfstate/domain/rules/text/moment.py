"""Parse points in time."""

from __future__ import annotations

import re
from datetime import datetime


def parse_moment(text: str) -> datetime:
    """Parse an ISO 8601 date and time. Without an offset, the result has no time zone.

    :raises ValueError: the text is not one.
    """
    # Python 3.10 does not read the Z of ISO 8601.
    return datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))
