"""The reason that a person gives for an action."""

from __future__ import annotations

from typing import Final

MAX_REASON_LENGTH: Final = 1000
"""Of what is kept of it, in characters."""
