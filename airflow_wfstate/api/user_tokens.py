"""Look up users by their tokens in Airflow's auth manager, outside the event loop.

``get_user_from_token`` is a coroutine, but it blocks while it asks the database whether the token was revoked. In the
api-server's event loop it would block all other requests, including Airflow's own, while it waits for a connection.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser

from airflow_wfstate.api.kept_tokens import KeptTokens


class UserTokens:
    """Looks up users by their tokens, one at a time, in a separate thread.

    The thread has its own permanent event loop, because anything that an auth manager keeps between two lookups (such
    as an HTTP client that fetches keys) belongs to a loop. Many requests with the same token need only one lookup.

    :param find_user: the auth manager's ``get_user_from_token``.
    """

    def __init__(self, find_user: Callable[[str], Awaitable[BaseUser]]) -> None:
        self._find_user = find_user
        self._kept: KeptTokens[BaseUser] = KeptTokens()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="wfstate-user-tokens", daemon=True).start()

    def kept(self, token: str) -> BaseUser | None:
        """The user of a token that was recently found valid; None if it is not cached."""
        return self._kept.find(token)

    async def user_of(self, token: str) -> BaseUser:
        """The user of a token.

        :raises jwt.InvalidTokenError: the token is not valid. This is not cached, so the next request checks again.
        """
        if (kept := self.kept(token)) is not None:
            return kept
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._ask(token), self._loop))

    async def _ask(self, token: str) -> BaseUser:
        if (kept := self.kept(token)) is not None:  # the previous lookup was for the same token
            return kept
        asked_at = self._kept.now()
        user = await self._find_user(token)
        self._kept.keep(token, user, asked_at)
        return user
