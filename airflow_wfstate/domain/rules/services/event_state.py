"""What has become of an event that was accepted."""

from __future__ import annotations

from enum import Enum
from typing import Final


class EventState(str, Enum):
    """Where an event stands.

    ``applied``: it reached its workflow, whether or not a step moved. ``parked``: its workflow is not there yet; it is
    applied when that starts. ``dead``: it waited longer than ``[wfstate] event_ttl_seconds``, or applying it failed; an
    operator replays or drops it. ``dropped``: an operator has decided that it does not count.
    """

    APPLIED = "applied"
    PARKED = "parked"
    DEAD = "dead"
    DROPPED = "dropped"


UNSETTLED_EVENT_STATES: Final = (EventState.PARKED, EventState.DEAD)
"""An operator may replay or drop such an event."""
