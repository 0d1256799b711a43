"""When to retry a webhook that was not accepted."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

DELAYS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""After each attempt that failed: the schedule that the Standard Webhooks specification recommends, about three days.
After the last one the delivery is parked."""

MAX_ATTEMPTS: Final = len(DELAYS) + 1
"""How many times an event is sent before its workflow is parked."""

AWAY_AFTER: Final = 3
"""After this many consecutive failures, each for another workflow, the receiver counts as unavailable."""

_FIRST_PAUSE: Final = timedelta(seconds=5)
_LONGEST_PAUSE: Final = timedelta(minutes=5)
_JITTER: Final = 0.2
"""Delays vary by a fifth either way, so that deliveries that failed together are not retried together."""


def delay_after(attempts: int, chance: float) -> timedelta | None:
    """How long to wait after this many failed attempts; None if there were enough and the delivery is parked.

    :param chance: a random number from 0 to 1.
    """
    return _varied(DELAYS[attempts - 1], chance) if attempts < MAX_ATTEMPTS else None


def pause_after(failures: int, chance: float) -> timedelta:
    """How long to wait for an unavailable receiver: from 5 seconds to 5 minutes, doubling each time.

    :param failures: the number of consecutive failures, at least :data:`AWAY_AFTER`.
    """
    doubled = min(max(failures - AWAY_AFTER, 0), 10)
    return _varied(min(_FIRST_PAUSE * 2**doubled, _LONGEST_PAUSE), chance)


def _varied(delay: timedelta, chance: float) -> timedelta:
    return delay * (1 - _JITTER + 2 * _JITTER * chance)
