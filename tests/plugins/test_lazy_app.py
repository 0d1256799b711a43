"""The app of the plugin: built once, and never on the event loop, which serves the whole api-server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import MutableMapping
from typing import Any

import pytest

from airflow_wfstate.plugins import workflow_state
from airflow_wfstate.plugins.workflow_state import AsgiApp, LazyApp, StartsWithTheServer


class Building:
    """Stands for the building of the app, which goes on until it is let."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.may_end = threading.Event()
        self.threads: list[str] = []
        self.answered = 0

    def __call__(self) -> AsgiApp:
        self.threads.append(threading.current_thread().name)
        self.begun.set()
        assert self.may_end.wait(30)
        return self._answer

    async def _answer(self, *_: object) -> None:
        self.answered += 1


@pytest.fixture
def building(monkeypatch: pytest.MonkeyPatch) -> Building:
    building = Building()
    monkeypatch.setattr(workflow_state, "_build_app", building)
    return building


async def _receive() -> MutableMapping[str, Any]:
    return {"type": "lifespan.startup"}


async def _send(message: MutableMapping[str, Any]) -> None:
    pass


def test_requests_wait_for_one_build_and_the_event_loop_goes_on(building: Building) -> None:
    app = LazyApp()

    async def requests() -> None:
        waiting = [asyncio.create_task(app({"type": "http"}, _receive, _send)) for _ in range(3)]
        while not building.begun.is_set():
            await asyncio.sleep(0.001)  # that this runs at all: the loop is free
        assert building.answered == 0
        building.may_end.set()
        await asyncio.wait_for(asyncio.gather(*waiting), 30)

    asyncio.run(requests())
    assert (len(building.threads), building.answered) == (1, 3)
    assert building.threads[0] != threading.main_thread().name


def test_it_is_built_when_the_server_starts(building: Building, monkeypatch: pytest.MonkeyPatch) -> None:
    swept = threading.Event()
    monkeypatch.setattr("airflow_wfstate.api.background_sweep.sweep_from_now_on", swept.set)
    app = LazyApp()
    monkeypatch.setattr(workflow_state, "_APP", app)

    async def airflow(scope: object, receive: object, send: Any) -> None:
        await send({"type": "lifespan.startup.complete"})

    asyncio.run(StartsWithTheServer(airflow)({"type": "lifespan"}, _receive, _send))
    assert building.begun.wait(30), "nobody has asked yet"
    assert swept.wait(30)
    building.may_end.set()


def test_a_build_that_fails_is_told_to_the_request_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def build() -> AsgiApp:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("a plugin's dependency is broken")
        return Building()._answer

    monkeypatch.setattr(workflow_state, "_build_app", build)
    app = LazyApp()
    with pytest.raises(RuntimeError, match="broken"):
        asyncio.run(app({"type": "http"}, _receive, _send))
    asyncio.run(app({"type": "http"}, _receive, _send))
    assert len(calls) == 2
