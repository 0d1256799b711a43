"""What a person asks for is taken word by word: a field that an action does not have is refused."""

from __future__ import annotations

from typing import Final

from pydantic import ConfigDict

STRICT_BODY: Final = ConfigDict(extra="forbid")
"""Of the bodies of cancel, compensate, resume, restart and decisions: ``compansate`` would cancel without an undo."""
