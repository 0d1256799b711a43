"""Cache valid tokens for a moment, so that not every request has to verify its token again."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

Holder = TypeVar("Holder")

KEPT_SECONDS: Final = 1.0
"""How long a positive result is cached. A token that is revoked or expires is accepted for this much longer."""

_MOST_KEPT: Final = 1000


class KeptTokens(Generic[Holder]):
    """A cache of the newest thousand tokens and their holders, each for :data:`KEPT_SECONDS`. Thread-safe.

    Refusals are not cached: the next request with that token is checked again.

    :param clock: a monotonic clock in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[Holder, float]] = OrderedDict()
        self._lock = threading.Lock()

    def now(self) -> float:
        """The time to pass to :meth:`keep`. Read it before the token is checked."""
        return self._clock()

    def find(self, token: str) -> Holder | None:
        """The holder; None if it is not cached (any more)."""
        kept = self._kept.get(token)  # a single dict operation, which is atomic in Python
        return kept[0] if kept is not None and self._clock() < kept[1] else None

    def keep(self, token: str, holder: Holder, checked_at: float) -> None:
        """Cache the holder of a valid token.

        :param checked_at: when its check began.
        """
        with self._lock:
            self._kept[token] = (holder, checked_at + KEPT_SECONDS)
            self._kept.move_to_end(token)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
