"""Whose tokens were found to hold a moment ago, so that not every request verifies its token anew."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

Holder = TypeVar("Holder")

KEPT_SECONDS: Final = 1.0
"""How long a positive answer holds: a token that is revoked or expires is accepted for this much longer."""

_MOST_KEPT: Final = 1000


class KeptTokens(Generic[Holder]):
    """Holders by their tokens, each for :data:`KEPT_SECONDS`, the newest thousand. Safe to use from several threads.

    Refusals are not kept: the next request with that token is checked again.

    :param clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[Holder, float]] = OrderedDict()
        self._lock = threading.Lock()

    def now(self) -> float:
        """The moment to hand to :meth:`keep`; taken before the token is checked."""
        return self._clock()

    def find(self, token: str) -> Holder | None:
        """The holder; None when none is kept any more."""
        kept = self._kept.get(token)  # one operation of a dict, which Python does whole
        return kept[0] if kept is not None and self._clock() < kept[1] else None

    def keep(self, token: str, holder: Holder, checked_at: float) -> None:
        """Keep the holder of a token that holds.

        :param checked_at: when its check began.
        """
        with self._lock:
            self._kept[token] = (holder, checked_at + KEPT_SECONDS)
            self._kept.move_to_end(token)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
