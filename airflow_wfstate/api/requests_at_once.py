"""How many requests of ours are at work at once; the others wait in turn.

A request at work takes a thread and a database connection of the api-server, which shares both with Airflow's own
routes: 40 threads, and by default 15 connections. A hundred clients of ours would take all of them, and a task's
heartbeat would wait behind them; one that waits here takes neither.
"""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from airflow.configuration import conf

from airflow_wfstate.api.security_headers import AsgiApp, Message, Receive, Send

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
        async with self._turn(reads=scope["method"] in _READS) as end_turn:

            async def send_and_end_turn(message: Message) -> None:
                await end_turn()
                await send(message)

            await self._app(scope, receive, send_and_end_turn)

    @asynccontextmanager
    async def _turn(self, *, reads: bool) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        async with AsyncExitStack() as held:
            if reads:
                await held.enter_async_context(self._reads)
            await held.enter_async_context(self._all)
            yield held.aclose


def _limit() -> int:
    size = conf.getint("database", "sql_alchemy_pool_size", fallback=5)
    overflow = conf.getint("database", "sql_alchemy_max_overflow", fallback=10)
    if size <= 0 or overflow < 0:  # SQLAlchemy's words for "no limit"
        return _MOST
    return max(1, min(_MOST, (size + overflow) // 2))
