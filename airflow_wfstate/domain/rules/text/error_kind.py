"""Group errors whose texts differ only in parts that change from one workflow to the next."""

from __future__ import annotations

import re
from typing import Final

_CHANGING: Final = re.compile(r"(?<![a-z])[0-9a-f]*[0-9][0-9a-f]*(?![a-z])", re.IGNORECASE)
"""Numbers, and the parts of ids and hashes that have a digit."""


def error_kind(error: str) -> str:
    """The text with numbers and ids left out: equal for errors of one kind."""
    return _CHANGING.sub("#", error)


def shared_text(error: str) -> str:
    """The longest part, of one line, that errors of this kind have in common; empty where there is none.

    By it a list finds them.
    """
    parts = (part.strip() for line in error.splitlines() for part in _CHANGING.split(line))
    return max(parts, key=len, default="")
