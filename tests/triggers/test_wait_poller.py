"""The poller of a triggerer: one request for all waits of the process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.wait import EndedWaits, LookAtWaits
from airflow_wfstate.exceptions import AccessDenied, DatabaseUnavailable, WorkflowStateError
from airflow_wfstate.triggers import wait_poller
from airflow_wfstate.triggers.wait import WaitTrigger
from tests.support.airflow_rows import AirflowRows
from tests.support.waiting import Watch, for_workflow
from tests.support.world import World

CONNECTION = "wfstate_default"


class Looks(DatabaseBackend):
    """The store, and what it was asked.

    :ivar sizes: of each look, how many waits it was for.
    :ivar trouble: raised by the next looks, one each.
    """

    def __init__(self, engine) -> None:
        super().__init__(engine)
        self.sizes: list[int] = []
        self.trouble: list[WorkflowStateError] = []

    def look_at_waits(self, request: LookAtWaits) -> EndedWaits:
        self.sizes.append(len(request.wait_ids))
        if self.trouble:
            raise self.trouble.pop(0)
        return super().look_at_waits(request)


@pytest.fixture
def looks(migrated_sqlite_url, monkeypatch) -> Iterator[Looks]:
    engine = create_engine(migrated_sqlite_url)
    backend = Looks(engine)
    monkeypatch.setattr(
        "airflow_wfstate.triggers.wait_poller.WorkflowStateHook",
        lambda _conn_id, task_instance_id: SimpleNamespace(get_conn=lambda: backend),
    )
    monkeypatch.setattr("airflow_wfstate.conf.wait_poll", lambda: timedelta(seconds=0.05))
    yield backend
    engine.dispose()


@pytest.fixture
def world(looks) -> World:
    return World(looks, AirflowRows(looks.engine))


def _watch(world: World, *states: str) -> Watch:
    watch = Watch(world, for_workflow(world.unique("key"), *states))
    watch.register()
    return watch


async def _fire(watch: Watch) -> object:
    async for event in WaitTrigger(watch.ids[-1], CONNECTION).run():
        return event.payload
    return None


def test_all_waits_of_the_process_are_one_question(world, looks):
    watches = [_watch(world, "running") for _ in range(20)]

    async def wait_for_all() -> list[object]:
        waiting = [asyncio.create_task(_fire(watch)) for watch in watches]
        while not looks.sizes:
            await asyncio.sleep(0.01)
        for watch in watches:
            world.start(key=watch.target.key)
        return await asyncio.gather(*waiting)

    events = asyncio.run(asyncio.wait_for(wait_for_all(), 20))

    assert events == [{"wait_id": watch.ids[-1]} for watch in watches]
    assert looks.sizes[0] == 20


def test_more_than_a_thousand_waits_are_several_questions(world, looks, monkeypatch):
    monkeypatch.setattr("airflow_wfstate.triggers.wait_poller.MAX_WAITS", 8)
    watches = [_watch(world) for _ in range(20)]

    async def look_once() -> None:
        waiting = [asyncio.create_task(_fire(watch)) for watch in watches]
        while len(looks.sizes) < 3:
            await asyncio.sleep(0.01)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(asyncio.wait_for(look_once(), 20))

    assert looks.sizes[:3] == [8, 8, 4]


def test_a_store_that_is_away_is_asked_again(world, looks):
    looks.trouble = [DatabaseUnavailable("away"), DatabaseUnavailable("away")]
    watch = _watch(world, "running")
    world.start(key=watch.target.key)

    assert asyncio.run(asyncio.wait_for(_fire(watch), 20)) == {"wait_id": watch.ids[-1]}
    assert len(looks.sizes) == 3


def test_a_refusal_fails_the_triggers_and_the_next_are_asked_for_anew(world, looks):
    looks.trouble = [AccessDenied("no")]
    watch = _watch(world, "running")
    world.start(key=watch.target.key)

    async def refused_and_again() -> object:
        with pytest.raises(AccessDenied):
            await _fire(watch)
        return await _fire(watch)

    assert asyncio.run(asyncio.wait_for(refused_and_again(), 20)) == {"wait_id": watch.ids[-1]}


def test_a_cancelled_trigger_is_not_asked_for_any_more(world, looks):
    kept, given_up = _watch(world, "running"), _watch(world, "running")

    async def give_one_up() -> object:
        waiting, leaving = asyncio.create_task(_fire(kept)), asyncio.create_task(_fire(given_up))
        while not looks.sizes:
            await asyncio.sleep(0.01)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        world.start(key=kept.target.key)
        return await waiting

    assert asyncio.run(asyncio.wait_for(give_one_up(), 20)) == {"wait_id": kept.ids[-1]}
    assert looks.sizes[0] == 2
    assert looks.sizes[-1] == 1


def test_another_process_goes_on_with_the_wait(world, looks):
    """What a dead triggerer leaves behind is the arguments of its triggers."""
    watch = _watch(world, "running")
    path, arguments = WaitTrigger(watch.ids[-1], CONNECTION).serialize()

    async def begin_and_die() -> None:
        waiting = asyncio.create_task(_fire(watch))
        while not looks.sizes:
            await asyncio.sleep(0.01)
        waiting.cancel()

    asyncio.run(asyncio.wait_for(begin_and_die(), 20))
    world.start(key=watch.target.key)

    async def elsewhere() -> object:
        async for event in WaitTrigger(**arguments).run():
            return event.payload
        return None

    assert path.endswith(".WaitTrigger")
    assert asyncio.run(asyncio.wait_for(elsewhere(), 20)) == {"wait_id": watch.ids[-1]}


def test_two_triggers_of_one_wait_both_fire(world, looks):
    watch = _watch(world, "running")
    world.start(key=watch.target.key)

    async def both() -> list[object]:
        return list(await asyncio.gather(_fire(watch), _fire(watch)))

    assert asyncio.run(asyncio.wait_for(both(), 20)) == [{"wait_id": watch.ids[-1]}] * 2


@pytest.mark.parametrize(
    ("spent", "at_most", "interval"),
    [
        (0.002, 5, 1),  # few waits
        (0.05, 5, 2.5),
        (0.3, 5, 5),  # ten thousand
        (0.002, 0.2, 0.2),  # the option is the upper limit, below a second too
    ],
)
def test_the_cheaper_a_look_is_the_sooner_comes_the_next(monkeypatch, spent, at_most, interval):
    monkeypatch.setattr("airflow_wfstate.conf.wait_poll", lambda: timedelta(seconds=at_most))
    assert wait_poller._pause(spent) == pytest.approx(interval - spent)
