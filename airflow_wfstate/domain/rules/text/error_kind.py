"""Group errors whose texts differ only in parts that change from one workflow to the next."""

from __future__ import annotations

import re
from typing import Final

_CHANGING: Final = re.compile(r"(?<![a-z])[0-9a-f]*[0-9][0-9a-f]*(?![a-z])", re.IGNORECASE)
"""Numbers, and the parts of ids and hashes that have a digit."""


def error_kind(error: str) -> str:
    """The text without numbers and ids, which is equal for errors of one kind."""
    return _CHANGING.sub("#", error)


def shared_text(error: str) -> str:
    """The longest part of one line that all errors of this kind share; empty if there is none.

    A list can search for it.
    """
    parts = (part.strip() for line in error.splitlines() for part in _CHANGING.split(line))
    return max(parts, key=len, default="")
