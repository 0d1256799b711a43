"""The crash grid: every commit of a change and every call of a worker, with every way to die, on real processes.

A *story* (story.py) is a workflow told by its tasks. Each task runs in a separate process (worker.py), as in Airflow;
airflow_player.py plays the scheduler and gives a task that died its next try. A run without a fault records the
*crossings* of each task (seam.py): its commits with the database backend, its requests with the api backend. A *cell*
is a story, a crossing, a fault and a backend (cell.py); check.py then checks whether anything was lost or doubled.
The caller's faults after a crossing are tested twice: alone, and with a sweep before the caller continues.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from queue import SimpleQueue
from typing import Final
from uuid import uuid4

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.backends.subscription_backend import SubscriptionBackend
from tests.crash_grid.airflow_player import Strike, tell
from tests.crash_grid.cell import Cell, Fault, Result, Way, mishaps
from tests.crash_grid.check import complaints
from tests.crash_grid.play import RELAY, Play
from tests.crash_grid.sites import Site
from tests.crash_grid.story import STORIES
from tests.crash_grid.watched_backend import READS

_PATIENCE_SECONDS: Final = 600

_CHANGES: Final = [
    name
    for part in (SubscriptionBackend, StateBackend)
    for name in vars(part)
    if not name.startswith(("_", "plan_")) and name not in (*READS, "check")
]
"""Every method of the protocol that changes something."""


class NotEvenWithoutAFault(AssertionError):
    """A story did not hold when nothing happened to it."""


def enumerate_cells(sites: dict[Way, Site]) -> list[Cell]:
    """Tell each story with each backend without a fault, and make a cell of each crossing and each fault.

    Parts that a story shares with an earlier one are tested only in that one, except the relays.

    :raises NotEvenWithoutAFault: a story did not hold; the message contains the complaints.
    """
    cells = [cell for way, site in sites.items() for story in STORIES for cell in cells_of(story, way, site)]
    untold = [change for change in _CHANGES if not any(change in cell.crossing.label for cell in cells)]
    if untold:
        raise NotEvenWithoutAFault(f"No story has the changes {untold}: tell one.")
    return cells


def cells_of(name: str, way: Way, site: Site) -> Iterator[Cell]:
    """The cells of one story with one backend; see :func:`enumerate_cells`."""
    key, known = _new_key("plain"), _known_tasks(name)
    telling = tell(STORIES[name], key, site)
    found = telling.complaints + complaints(STORIES[name], key, site)
    if found:
        raise NotEvenWithoutAFault(f"{name}, {way.value}:\n" + "\n".join(found))
    for crossing in telling.crossings:
        if crossing.position in known:
            continue
        is_read = any(read in crossing.label for read in READS)
        for mishap in mishaps(way):
            if not (is_read and mishap.fault is Fault.OVERTAKEN):
                yield Cell(name, way, crossing, mishap)


def _known_tasks(name: str) -> set[int]:
    """The positions of tasks that an earlier story also tells. Relays find a different situation in each story.

    If a DAG is called twice, only the relay of its second run does.
    """
    earlier: set[Play] = set()
    for story in STORIES.values():
        if story.name == name:
            is_called_twice = any(task.is_second_call for task in story.tasks)
            relays = {task for task in story.tasks if task.task_id == RELAY and not task.is_second_call}
            known = relays if is_called_twice else set()
            return {position for position, task in enumerate(story.tasks) if task.play in earlier or task in known}
        earlier |= {task.play for task in story.tasks if task.task_id != RELAY}
    return set()


def run_cells(cells: Sequence[Cell], sites: dict[Way, Site]) -> Iterator[Result]:
    """Run each cell, and yield its result when it has ended.

    The cells of one database run one after another, because some restart it. The databases run in parallel.
    """
    results: SimpleQueue[Result | BaseException | None] = SimpleQueue()
    queues = [[cell for cell in cells if cell.way.is_postgres == is_postgres] for is_postgres in (False, True)]

    def work(queue: list[Cell]) -> None:
        try:
            for cell in queue:
                results.put(_run(cell, sites[cell.way]))
        except BaseException as error:  # passed to the reader of the results
            results.put(error)
        finally:
            results.put(None)

    for queue in queues:
        threading.Thread(target=work, args=(queue,), daemon=True).start()
    running = len(queues)
    while running:
        result = results.get(timeout=_PATIENCE_SECONDS)
        if result is None:
            running -= 1
        elif isinstance(result, BaseException):
            raise result
        else:
            yield result


def _run(cell: Cell, site: Site) -> Result:
    started = time.monotonic()
    story, key = STORIES[cell.story], _new_key("cell")
    has_broken = False
    try:
        telling = tell(story, key, site, Strike(cell.mishap, cell.crossing))
        found = telling.complaints + complaints(story, key, site)
        has_broken = telling.has_broken
        if not telling.has_happened:
            found.append("the fault did not happen")
    except Exception:
        found = [traceback.format_exc()]  # one cell fails, and the others continue
    return Result(cell, found, time.monotonic() - started, has_broken)


def _new_key(stem: str) -> str:
    return f"{stem}-{uuid4().hex[:12]}"
