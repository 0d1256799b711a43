"""How many requests of ours are at work at once; the others wait in turn.

A request at work takes a thread and a database connection of the api-server, which shares both with Airflow's own
routes: 40 threads, and by default 15 connections. A hundred clients of ours would take all of them, and a task's
heartbeat would wait behind them; one that waits here takes neither.
"""

from __future__ import annotations

from asyncio import Semaphore
from typing import Final

from airflow.configuration import conf

from airflow_wfstate.api.middleware.security_headers import AsgiApp, Message, Receive, Send

_MOST: Final = 8
"""More at once do not answer sooner: Python runs one at a time, and a call waits a millisecond for the database."""

_READS: Final = ("GET", "HEAD")


class RequestsAtOnce:
    """Lets a number of requests into an app, and half as many that read.

    So a page that takes long never keeps a task waiting that begins or ends a step. A request is done with its work
    when it begins to answer: who reads slowly keeps nobody waiting.

    :param app: the app that answers.
    :param limit: of requests at work; at least 1. Default: half of the connections that ``[database]
        sql_alchemy_pool_size`` and ``sql_alchemy_max_overflow`` allow, and at most 8.
    """

    def __init__(self, app: AsgiApp, limit: int | None = None) -> None:
        limit = limit or _limit()
        self._app = app
        self._all = Semaphore(limit)
        self._reads = Semaphore(max(1, limit // 2))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, as the ASGI specification says."""
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
    """One request's turn: a place at each semaphore, from when it has all of them until it ends.

    :param semaphores: in the order in which they are waited for.
    """

    def __init__(self, *semaphores: Semaphore) -> None:
        self._wanted = semaphores
        self._held: list[Semaphore] = []

    async def take(self) -> None:
        for semaphore in self._wanted:
            await semaphore.acquire()
            self._held.append(semaphore)

    def end(self) -> None:
        """Give the places back; nothing happens when that was done."""
        while self._held:
            self._held.pop().release()


def _limit() -> int:
    size = conf.getint("database", "sql_alchemy_pool_size", fallback=5)
    overflow = conf.getint("database", "sql_alchemy_max_overflow", fallback=10)
    if size <= 0 or overflow < 0:  # SQLAlchemy's words for "no limit"
        return _MOST
    return max(1, min(_MOST, (size + overflow) // 2))
