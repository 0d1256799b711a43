"""Where no step has triggered the run of a participant."""

from __future__ import annotations

from typing import Final

NO_PARENT_STEP: Final = "00000000-0000-0000-0000-000000000000"
"""Instead of the id of the step that triggered a participant's run, where none did: the nil UUID."""
