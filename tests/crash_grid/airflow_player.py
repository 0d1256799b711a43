"""Plays Airflow: rows of runs and task instances, a process for each try, and the next try of one that died."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Final

from tests.crash_grid.cell import Crossing, Mishap
from tests.crash_grid.play import RELAY, Task
from tests.crash_grid.sites import Site
from tests.crash_grid.story import Story
from tests.crash_grid.worker import DISTURB, Order, Report, work

_PATIENCE_SECONDS: Final = 120
_TRIES: Final = 4
_AGO: Final = timedelta(seconds=60)
"""How long ago a task ended: longer than ``[wfstate] in_flight_grace_seconds``."""

_CONTEXT: Final = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.crash_grid.worker"])


@dataclass
class Telling:
    """The result of telling a story.

    :param crossings: the crossings of the first try of each task.
    :param has_happened: whether the fault happened.
    :param has_broken: whether a request broke because a server died during it.
    """

    crossings: list[Crossing] = field(default_factory=list)
    has_happened: bool = False
    has_broken: bool = False
    complaints: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Strike:
    """The fault of a telling, and the crossing at which it happens."""

    mishap: Mishap
    crossing: Crossing


def tell(story: Story, key: str, site: Site, strike: Strike | None = None) -> Telling:
    """Play every task of a story until it has ended well, in as many processes as it takes."""
    telling = Telling()
    site.let_leases_end()
    site.sweep_away()
    for position, task in enumerate(story.tasks):
        if task.begins_run:
            site.rows.add_run(task.dag_id, task.run_id(key))
            site.rows.add_task(task.dag_id, task.run_id(key), RELAY, state=None)
        here = strike if strike is not None and strike.crossing.position == position else None
        ended = _play(story, key, site, position, here, telling)
        if ended is None:
            return telling
        task_instance_id, state = ended
        if not task.is_person:
            site.rows.set_task_state(task_instance_id, state, ended_ago=_AGO)
        if task.ends_run is not None:
            site.rows.set_run_state(task.dag_id, task.run_id(key), task.ends_run)
    return telling


def _play(
    story: Story, key: str, site: Site, position: int, strike: Strike | None, telling: Telling
) -> tuple[str, str] | None:
    """Play a task, and return its last try and the state in which it ended; None if it did not end."""
    task = story.tasks[position]
    task_instance_id = "" if task.is_person else site.begin_task(task.dag_id, task.run_id(key), task.task_id)
    for number in range(_TRIES):
        order = Order(
            story=story.name,
            position=position,
            key=key,
            task_instance_id=task_instance_id,
            url=site.url,
            receiver=site.receiver_path,
            database_url=site.engine.url.render_as_string(hide_password=False),
            mishap=strike.mishap if strike is not None and number == 0 else None,
            at=strike.crossing.number if strike is not None else 0,
        )
        report = _run(order, site)
        if report is None:  # killed
            telling.has_happened = telling.has_happened or order.mishap is not None
            task_instance_id = _next_try(site, task, task_instance_id, order.mishap)
            continue
        telling.has_happened = telling.has_happened or report.has_happened
        telling.has_broken = telling.has_broken or report.has_broken
        telling.complaints += [f"{task.task_id}: {complaint}" for complaint in report.complaints]
        if number == 0:
            telling.crossings += _crossings(position, task.task_id, report.calls)
        return None if report.state is None else (task_instance_id, report.state)
    telling.complaints.append(f"{task.task_id} died {_TRIES} times")
    return None


def _next_try(site: Site, task: Task, task_instance_id: str, mishap: Mishap | None) -> str:
    """Begin what follows a killed process: its task's next try, by id, or nothing new for a person's command."""
    is_swept = mishap is not None and mishap.is_swept
    site.let_leases_end()
    if is_swept:
        site.sweep_once()  # Airflow does not know yet that the process is dead
    if not task.is_person:
        task_instance_id = site.rows.next_try(task_instance_id, ended_ago=_AGO)
        if is_swept:
            site.sweep_once()  # the next try runs, but has not begun its step
    return task_instance_id


def _crossings(position: int, task_id: str, calls: list[str]) -> Iterator[Crossing]:
    """The crossings of a task; if one call has several, they are numbered from 1."""
    counted: Counter[str] = Counter()
    for index, call in enumerate(calls):
        counted[call] += 1
        number = f" {counted[call]}" if calls.count(call) > 1 else ""
        yield Crossing(position, index, f"{task_id}: {call}{number}")


def _run(order: Order, site: Site) -> Report | None:
    """Run the process, and return its report; None if it was killed."""
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=work, args=(order, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        return _listen(ours, order, site)
    finally:
        process.join(10)
        if process.is_alive():
            process.kill()
            process.join()
        ours.close()


def _listen(pipe: Connection, order: Order, site: Site) -> Report | None:
    while pipe.poll(_PATIENCE_SECONDS):
        try:
            message = pipe.recv()
        except EOFError:
            return None
        if isinstance(message, Report):
            return message
        assert message == DISTURB
        assert order.mishap is not None
        if order.mishap.is_swept:
            site.sweep_once()
        else:
            site.disturb(order.mishap.fault)
        pipe.send("go on")
    return Report(None, [], False, complaints=[f"nothing was heard of it for {_PATIENCE_SECONDS} seconds"])
