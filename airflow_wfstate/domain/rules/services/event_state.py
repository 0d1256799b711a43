"""The state of an event that was accepted."""

from __future__ import annotations

from enum import Enum
from typing import Final


class EventState(str, Enum):
    """The state of an event.

    ``applied``: it was applied to its workflow, whether or not it changed a step. ``parked``: its workflow does not
    exist yet; it is applied when the workflow starts. ``dead``: it waited longer than ``[wfstate] event_ttl_seconds``,
    or applying it failed; an operator replays or drops it. ``dropped``: an operator discarded it.
    """

    APPLIED = "applied"
    PARKED = "parked"
    DEAD = "dead"
    DROPPED = "dropped"


UNSETTLED_EVENT_STATES: Final = (EventState.PARKED, EventState.DEAD)
"""An operator may replay or drop such an event."""
