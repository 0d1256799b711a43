"""How many requests are admitted at once, and that a caller who disconnects while waiting frees its place."""

from __future__ import annotations

import asyncio
from typing import Any

from airflow_wfstate.api.middleware.requests_at_once import RequestsAtOnce
from airflow_wfstate.api.middleware.security_headers import Message, Receive, Send


async def _receive() -> Message:
    return {"type": "http.request"}


async def _send(_: Message) -> None:
    pass


class Held:
    """An app whose requests stay until they are let go."""

    def __init__(self) -> None:
        self.at_work = 0
        self.let_go = asyncio.Event()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.at_work += 1
        await self.let_go.wait()
        await send({"type": "http.response.start"})


def _ask(app: RequestsAtOnce, method: str) -> asyncio.Task[Any]:
    return asyncio.create_task(app({"type": "http", "method": method}, _receive, _send))


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)  # gives way once; nothing here waits for time


def test_reads_leave_places_to_writes_and_one_who_goes_away_leaves_its_own() -> None:
    async def story() -> None:
        held = Held()
        app = RequestsAtOnce(held, limit=4)
        reads = [_ask(app, "GET") for _ in range(5)]
        await _settle()
        assert held.at_work == 2
        writes = [_ask(app, "POST") for _ in range(5)]
        await _settle()
        assert held.at_work == 4

        for waiting in (reads[4], writes[4]):
            waiting.cancel()
        await _settle()
        reads[0].cancel()  # one at work: the next who reads gets its place
        await _settle()
        assert held.at_work == 5

        held.let_go.set()
        await asyncio.gather(*reads, *writes, return_exceptions=True)
        assert held.at_work == 8

        held.at_work, held.let_go = 0, asyncio.Event()
        again = [_ask(app, method) for method in ("GET", "GET", "GET", "POST", "POST", "POST")]
        await _settle()
        assert held.at_work == 4, "a place was lost, or given twice"
        held.let_go.set()
        await asyncio.gather(*again)

    asyncio.run(story())
