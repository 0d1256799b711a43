"""Users by their tokens: asked of Airflow's auth manager outside of the event loop, and kept for a second.

``get_user_from_token`` asks the database whether the token was revoked, and is a coroutine that does so without giving
way: in the api-server's event loop it stops every other request, also Airflow's own, for as long as it waits for a
connection.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser

KEPT_SECONDS: Final = 1.0
"""How long a positive answer holds: a token that is revoked or expires is accepted for this much longer."""

_MOST_KEPT: Final = 1000


@dataclass(frozen=True)
class _Kept:
    user: BaseUser
    until: float


class UserTokens:
    """Finds users by their tokens, one question at a time in a thread of its own.

    The thread has an event loop that lives as long as it does: what an auth manager keeps between two questions (an
    HTTP client, for keys that are fetched) belongs to a loop. Many requests with one token ask once.

    :param find_user: the auth manager's ``get_user_from_token``.
    :param clock: seconds, monotonic.
    """

    def __init__(
        self, find_user: Callable[[str], Awaitable[BaseUser]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._find_user = find_user
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="wfstate-user-tokens", daemon=True).start()

    async def user_of(self, token: str) -> BaseUser:
        """The user of a token.

        :raises jwt.InvalidTokenError: the token does not hold. That is not kept: the next request asks again.
        """
        if (kept := self._find(token)) is not None:
            return kept
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._ask(token), self._loop))

    async def _ask(self, token: str) -> BaseUser:
        if (kept := self._find(token)) is not None:  # the one before us asked for the same
            return kept
        asked_at = self._clock()
        user = await self._find_user(token)
        with self._lock:
            self._kept[token] = _Kept(user, asked_at + KEPT_SECONDS)
            self._kept.move_to_end(token)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return user

    def _find(self, token: str) -> BaseUser | None:
        with self._lock:
            kept = self._kept.get(token)
        return kept.user if kept is not None and self._clock() < kept.until else None
