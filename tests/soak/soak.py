"""The soak: sixteen workers do steps while PostgreSQL restarts every 5 to 40 seconds; nothing may be lost or doubled.

Half of the workers use the database backend, half the api backend. Each runs its tasks as Airflow would: a task that
fails because the store was unavailable is retried (worker.py). At the end everything that is stored is compared with
what the workers were told, and with what the receiver saw.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from demo.postgres import EmbeddedPostgres
from tests.crash_grid.receiver import Receiver
from tests.soak.worker import NAME, STEPS, Done, Place, work
from tests.support.api_server import ApiServerProcess
from tests.support.postgres import migrate

_PATIENCE_SECONDS: Final = 300

_CONTEXT: Final = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.soak.worker"])


@dataclass
class Found:
    """The result of a soak.

    :param complaints: what was lost or doubled; empty if nothing was.
    """

    workflows: int = 0
    steps: int = 0
    restarts: int = 0
    task_retries: int = 0
    seconds: float = 0.0
    complaints: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.workflows} workflows with {self.steps} steps in {self.seconds:.0f} seconds, {self.restarts} "
            f"restarts of PostgreSQL, {self.task_retries} tasks tried again; {len(self.complaints)} lost or doubled."
        )


def soak(
    folder: Path,
    seconds: float,
    workers: int,
    choice: random.Random,
    pause_seconds: tuple[float, float] = (5, 40),
) -> Found:
    """Have workers work for a while, with restarts, and check the result.

    :param pause_seconds: the shortest and the longest time between restarts.
    """
    with EmbeddedPostgres(folder / "data") as server:
        server.create_database("soak")
        database_url = server.url("soak", "psycopg2")
        (folder / "migrate").mkdir()
        migrate(database_url, folder / "migrate")
        api_server = ApiServerProcess(database_url, folder / "api-server")
        try:
            api_server.start()
            places = [
                Place(database_url, api_server.url if number % 2 else None, folder / f"receiver-{number}.db")
                for number in range(workers)
            ]
            found = Found()
            started = time.monotonic()
            with _working(places) as (stop, pipes):
                _restart_now_and_then(server, started + seconds, lambda: choice.uniform(*pause_seconds), choice, found)
                stop.set()
                done = [pipe.recv() if pipe.poll(_PATIENCE_SECONDS) else None for pipe in pipes]
            found.seconds = time.monotonic() - started
        finally:
            api_server.stop()
        for place, worker in zip(places, done, strict=True):
            _look(place, worker, found)
    return found


@contextmanager
def _working(places: list[Place]) -> Iterator[tuple[Event, list[Connection]]]:
    stop = _CONTEXT.Event()
    pipes: list[Connection] = []
    processes = []
    for place in places:
        ours, theirs = _CONTEXT.Pipe()
        process = _CONTEXT.Process(target=work, args=(place, stop, theirs), daemon=True)
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    try:
        yield stop, pipes
    finally:
        for process in processes:
            process.join(10)
            if process.is_alive():
                process.kill()


def _restart_now_and_then(
    server: EmbeddedPostgres, until: float, pauses: Callable[[], float], choice: random.Random, found: Found
) -> None:
    while True:
        pause = pauses()
        if time.monotonic() + pause > until:
            time.sleep(max(0.0, until - time.monotonic()))  # the soak lasts as long as it was asked to
            return
        time.sleep(pause)
        server.crash(choice.choice(["immediate", "fast"]))
        found.restarts += 1


def _look(place: Place, done: Done | None, found: Found) -> None:
    """Compare what a worker was told with what is stored, and with what the receiver saw."""
    if done is None:
        found.complaints.append(f"a worker ended without a word ({place})")
        return
    found.task_retries += done.task_retries
    backend = DatabaseBackend(create_engine(place.database_url))
    receiver = Receiver(place.receiver)
    for key, steps in done.steps.items():
        found.workflows += 1
        found.steps += len(steps)
        found.complaints += [f"{key}: {complaint}" for complaint in _complaints(backend, receiver, key, steps)]


def _complaints(backend: DatabaseBackend, receiver: Receiver, key: str, steps: list[str]) -> Iterator[str]:
    page = backend.list_workflows(WorkflowQuery(name=NAME, key=key)).workflows
    if [workflow.state.value for workflow in page] != ["succeeded"]:
        yield f"its workflows are {[workflow.state.value for workflow in page]}"
        return
    detail = backend.get_workflow(page[0].id)
    stored = [step.name for step in detail.steps if step.state.value == "succeeded" and step.output is not None]
    if sorted(stored) != sorted(steps) or len(stored) != STEPS:
        yield f"stored are {stored}, acknowledged were {steps}"
    journal = backend.read_journal(page[0].id, limit=1000).entries
    if [entry.number for entry in journal] != list(range(1, len(journal) + 1)):
        yield "its journal has gaps"
    succeeded = [entry.step for entry in journal if entry.kind.value == "step.succeeded"]
    if len(succeeded) != len(set(succeeded)):
        yield f"the journal tells a success twice: {succeeded}"
    effects = receiver.effects(key)
    if effects != dict.fromkeys(steps, 1):
        yield f"the receiver saw {effects}"
