"""The placeholder for runs that no step triggered."""

from __future__ import annotations

from typing import Final

NO_PARENT_STEP: Final = "00000000-0000-0000-0000-000000000000"
"""The nil UUID, in place of the id of the step that triggered a participant's run, if none did."""
