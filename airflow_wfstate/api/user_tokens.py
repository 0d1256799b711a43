"""Users by their tokens: asked of Airflow's auth manager outside of the event loop.

``get_user_from_token`` asks the database whether the token was revoked, and is a coroutine that does so without giving
way: in the api-server's event loop it stops every other request, also Airflow's own, for as long as it waits for a
connection.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser

from airflow_wfstate.api.kept_tokens import KeptTokens


class UserTokens:
    """Finds users by their tokens, one question at a time in a thread of its own.

    The thread has an event loop that lives as long as it does: what an auth manager keeps between two questions (an
    HTTP client, for keys that are fetched) belongs to a loop. Many requests with one token ask once.

    :param find_user: the auth manager's ``get_user_from_token``.
    """

    def __init__(self, find_user: Callable[[str], Awaitable[BaseUser]]) -> None:
        self._find_user = find_user
        self._kept: KeptTokens[BaseUser] = KeptTokens()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="wfstate-user-tokens", daemon=True).start()

    def kept(self, token: str) -> BaseUser | None:
        """The user of a token that was found to hold a moment ago; None when nobody asked."""
        return self._kept.find(token)

    async def user_of(self, token: str) -> BaseUser:
        """The user of a token.

        :raises jwt.InvalidTokenError: the token does not hold. That is not kept: the next request asks again.
        """
        if (kept := self.kept(token)) is not None:
            return kept
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._ask(token), self._loop))

    async def _ask(self, token: str) -> BaseUser:
        if (kept := self.kept(token)) is not None:  # the one before us asked for the same
            return kept
        asked_at = self._kept.now()
        user = await self._find_user(token)
        self._kept.keep(token, user, asked_at)
        return user
