"""The reason that a user gives for an action."""

from __future__ import annotations

from typing import Final

MAX_REASON_LENGTH: Final = 1000
"""The most characters of a reason that are stored."""
