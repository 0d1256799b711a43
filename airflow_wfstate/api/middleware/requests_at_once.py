"""Limit how many of our requests run at the same time. The others wait for their turn.

A running request takes a thread and a database connection of the api-server, which are shared with Airflow's own
routes: 40 threads, and by default 15 connections. A hundred of our clients would take all of them, and task heartbeats
would have to wait. A request that waits here takes neither.
"""

from __future__ import annotations

from asyncio import Semaphore
from typing import Final

from airflow.configuration import conf

from airflow_wfstate.api.middleware.security_headers import AsgiApp, Message, Receive, Send

_MOST: Final = 8
"""More would not be faster: Python runs one at a time, and a call waits about a millisecond for the database."""

_READS: Final = ("GET", "HEAD")


class RequestsAtOnce:
    """Lets a limited number of requests into an app, and half as many reads.

    A slow read therefore never delays a task that begins or ends a step. A request gives up its place when its response
    begins, so a client that reads slowly delays nobody.

    :param app: the app that answers.
    :param limit: maximum number of running requests, at least 1. Default: half of the connections that ``[database]
        sql_alchemy_pool_size`` and ``sql_alchemy_max_overflow`` allow, but at most 8.
    """

    def __init__(self, app: AsgiApp, limit: int | None = None) -> None:
        limit = limit or _limit()
        self._app = app
        self._all = Semaphore(limit)
        self._reads = Semaphore(max(1, limit // 2))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, following the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        turn = _Turn(self._reads, self._all) if scope["method"] in _READS else _Turn(self._all)

        async def end_turn_and_send(message: Message) -> None:
            turn.end()
            await send(message)

        try:
            await turn.take()
            await self._app(scope, receive, end_turn_and_send)
        finally:
            turn.end()


class _Turn:
    """One request's turn: it holds a place at each semaphore until it ends.

    :param semaphores: the semaphores, in the order in which they are acquired.
    """

    def __init__(self, *semaphores: Semaphore) -> None:
        self._wanted = semaphores
        self._held: list[Semaphore] = []

    async def take(self) -> None:
        for semaphore in self._wanted:
            await semaphore.acquire()
            self._held.append(semaphore)

    def end(self) -> None:
        """Release the places. Safe to repeat."""
        while self._held:
            self._held.pop().release()


def _limit() -> int:
    size = conf.getint("database", "sql_alchemy_pool_size", fallback=5)
    overflow = conf.getint("database", "sql_alchemy_max_overflow", fallback=10)
    if size <= 0 or overflow < 0:  # SQLAlchemy's values for "no limit"
        return _MOST
    return max(1, min(_MOST, (size + overflow) // 2))
