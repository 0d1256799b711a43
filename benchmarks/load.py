"""``python -m benchmarks.load``: many clients begin and complete steps over HTTP, compared with a trivial read.

All lines use the same api-server in turns, so that neither warming up nor a drift of the machine affects only one of
them. Each line shows the calls per second, the median and the 99th percentile of a call, and the api-server's CPU time
per call. Begin and complete are called with a user's token and with each task's own token. At the same time, Airflow's
health route and a task's heartbeat are called (:mod:`benchmarks.bystanders`), and their waits are shown.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Final

from benchmarks.bystanders import HEALTH, HEARTBEAT, HeartbeatTask, Waits, bystanders

if TYPE_CHECKING:
    import psutil

_PROCESSES = 2
"""Client processes. A single one would be busy all the time."""

_HEAD_START_SECONDS = 5
"""Time to create the clients, which occupies a core for longer than a call does."""

_WARM_UP_SECONDS = 2
"""Warm-up of each line before the measurement, for what first calls pay once (imports, statements, caches)."""

_BASE = "wfstate"
_HOSTNAME, _PID = "bystander", 1
_FLOOR = "/wfstate/v1/health"
"""Authenticates the caller and reads a row or two, which is the cost of any route."""


@dataclass(frozen=True)
class Load:
    """What the clients of one line measured.

    :param seconds: the duration of each call.
    :param errors: calls that failed.
    """

    seconds: list[float]
    errors: int


@dataclass
class Line:
    """The figures of one line, over all its turns.

    :param worked_seconds: how long its clients made calls.
    :param cpu_seconds: the api-server's CPU time during that time.
    """

    calls: list[float] = field(default_factory=list)
    errors: int = 0
    worked_seconds: float = 0.0
    cpu_seconds: float = 0.0
    waits: dict[str, Waits] = field(default_factory=lambda: {HEALTH: Waits(), HEARTBEAT: Waits()})

    def add(self, load: Load, worked_seconds: float, cpu_seconds: float, waits: dict[str, Waits]) -> None:
        """Add one turn."""
        self.calls += load.seconds
        self.errors += load.errors
        self.worked_seconds += worked_seconds
        self.cpu_seconds += cpu_seconds
        for name, seen in waits.items():
            self.waits[name].seconds += seen.seconds
            self.waits[name].errors += seen.errors

    @property
    def cpu_ms(self) -> float:
        """CPU time of the api-server per call."""
        return 1000 * self.cpu_seconds / len(self.calls)


@dataclass(frozen=True)
class Task:
    """A running task of the clients.

    :param token: its own token of the execution API.
    """

    id: str
    token: str


def user_steps(url: str, token: str, task: Task, begins: float, ends: float) -> Load:
    """One client with a user's token: one step of a task after another."""
    return _steps(url, token, task.id, f"user-{begins}", begins, ends)


def task_steps(url: str, token: str, task: Task, begins: float, ends: float) -> Load:
    """One client with its task's own token: one step after another. It ignores the user's token."""
    return _steps(url, task.token, task.id, f"task-{begins}", begins, ends)


def _steps(url: str, token: str, task_instance_id: str, prefix: str, begins: float, ends: float) -> Load:
    from airflow_wfstate.backends.api import ApiBackend
    from airflow_wfstate.backends.credentials import StaticToken
    from airflow_wfstate.domain.messages.step import BeginStep, EndAttempt
    from airflow_wfstate.domain.rules.payload import Payload
    from airflow_wfstate.domain.rules.states import StepState
    from airflow_wfstate.exceptions import WorkflowStateError

    backend = ApiBackend(url, StaticToken(token), configured_by="the benchmark")
    output, seconds, errors, number = Payload.of("x" * 1000), [], 0, 0
    _wait_until(begins)
    while time.time() < ends:
        number += 1
        try:
            first = time.perf_counter()
            begun = backend.begin_step(BeginStep(task_instance_id, f"{prefix}-{number}"))
            second = time.perf_counter()
            backend.end_attempt(
                EndAttempt(begun.attempt_key, begun.writes_applied + 1, StepState.SUCCEEDED, output=output)
            )
            seconds += [second - first, time.perf_counter() - second]
        except WorkflowStateError:
            errors += 1
    backend.close()
    return Load(seconds, errors)


def reads(url: str, token: str, _: Task, begins: float, ends: float) -> Load:
    """One client: one read after another. It ignores the task."""
    import httpx

    seconds, errors = [], 0
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        _wait_until(begins)
        while time.time() < ends:
            first = time.perf_counter()
            errors += not client.get(_FLOOR).is_success
            seconds.append(time.perf_counter() - first)
    return Load(seconds, errors)


Client = Callable[[str, str, Task, float, float], Load]


def _wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))


def crowd(client: Client, url: str, token: str, tasks: list[Task], begins: float, ends: float) -> Load:
    """Run the clients of one process, one thread each.

    :param begins: when they start, in seconds since 1970; ``ends`` is when they stop.
    """
    with ThreadPoolExecutor(len(tasks)) as pool:
        loads = list(pool.map(lambda task: client(url, token, task, begins, ends), tasks))
    return Load([second for load in loads for second in load.seconds], sum(load.errors for load in loads))


def main() -> None:
    """Parse the command line, measure, print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--clients", type=int, default=50, help="clients at once (default: 50)")
    parser.add_argument("--seconds", type=float, default=60, help="total time per line (default: 60)")
    parser.add_argument("--turns", type=int, default=6, help="turns that each line's time is divided into (default: 6)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wfstate-load-") as folder:
        # Airflow creates its home on first import, also in the clients. Put it here, not into the user's home.
        os.environ["AIRFLOW_HOME"] = f"{folder}/home"
        os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
        _measure(Path(folder), arguments.clients, arguments.seconds, arguments.turns)


def _measure(folder: Path, clients: int, seconds: float, turns: int) -> None:
    import psutil
    from sqlalchemy import create_engine

    from airflow_wfstate.backends.database import DatabaseBackend
    from demo.postgres import EmbeddedPostgres
    from tests.support.airflow_rows import AirflowRows
    from tests.support.api_server import running_api_server, task_token
    from tests.support.postgres import migrate
    from tests.support.world import World

    with EmbeddedPostgres(folder / "postgres") as postgres:
        postgres.create_database(_BASE)
        (folder / "migration").mkdir()
        url = postgres.url(_BASE, "psycopg2")
        migrate(url, folder / "migration")
        before = set(psutil.Process().children(recursive=True))
        with running_api_server(url, folder / "api-server", apps="all") as server:
            servers = [child for child in psutil.Process().children(recursive=True) if child not in before]
            engine = create_engine(url)
            world = World(DatabaseBackend(engine), AirflowRows(engine))
            tasks = []
            for _ in range(clients):
                run_id = world.rows.add_run("load")
                world.start(run_id, dag_id="load")
                task_id = world.rows.add_task("load", run_id, "work")
                tasks.append(Task(task_id, task_token(task_id)))
            watched = world.rows.running_task("bystander")
            world.rows.report_from(watched, _HOSTNAME, _PID)
            heartbeat = HeartbeatTask(watched, task_token(watched), _HOSTNAME, _PID)
            lines = {label: Line() for label in _LINES}
            with ProcessPoolExecutor(_PROCESSES, mp_context=get_context("spawn")) as pool:
                for client in _LINES.values():
                    _crowds(pool, client, server.url, server.token(), tasks, _WARM_UP_SECONDS)
                for turn in range(turns):
                    for label in list(_LINES)[:: 1 if turn % 2 else -1]:
                        used = _cpu_seconds(servers)
                        with bystanders(server.url, heartbeat) as waits:
                            load = _crowds(pool, _LINES[label], server.url, server.token(), tasks, seconds / turns)
                        lines[label].add(load, seconds / turns, _cpu_seconds(servers) - used, waits)
            engine.dispose()
    _print(lines, clients, seconds, turns)


def _cpu_seconds(processes: list[psutil.Process]) -> float:
    return float(sum(sum(process.cpu_times()[:2]) for process in processes))


def _crowds(pool: ProcessPoolExecutor, client: Client, url: str, token: str, tasks: list[Task], seconds: float) -> Load:
    shares = [tasks[number::_PROCESSES] for number in range(_PROCESSES)]
    begins = time.time() + _HEAD_START_SECONDS
    calls = [(client, url, token, share, begins, begins + seconds) for share in shares]
    loads = list(pool.map(crowd, *zip(*calls, strict=True)))
    return Load([second for load in loads for second in load.seconds], sum(load.errors for load in loads))


def _print(lines: dict[str, Line], clients: int, seconds: float, turns: int) -> None:
    print(f"{clients} clients in {_PROCESSES} processes, {seconds:.0f} seconds a line in {turns} turns.")
    print(f"| what | calls | errors | calls/s | p50 ms | p99 ms | CPU ms a call | {HEALTH} | {HEARTBEAT} |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for label, line in lines.items():
        print(_row(label, line))
    print(f"CPU of a call by a user's token to one by the task's: {lines[_USER].cpu_ms / lines[_TASK].cpu_ms:.2f}")


def _row(label: str, line: Line) -> str:
    calls = len(line.calls)
    high = quantiles(line.calls, n=100)[98]
    figures = [f"{calls / line.worked_seconds:.0f}", f"{1000 * median(line.calls):.0f}", f"{1000 * high:.0f}"]
    beside = [_longest(line.waits[name]) for name in (HEALTH, HEARTBEAT)]
    return " | ".join(
        ["| " + label, str(calls), str(line.errors), *figures, f"{line.cpu_ms:.2f}", *beside, ""]
    ).rstrip()


def _longest(waits: Waits) -> str:
    errors = f", {waits.errors} errors" if waits.errors else ""
    return f"{1000 * median(waits.seconds):.0f}, at most {1000 * max(waits.seconds):.0f}{errors}"


_USER: Final = "begin and complete, by a user's token"
_TASK: Final = "begin and complete, by the task's token"

_LINES: Final[dict[str, Client]] = {
    _USER: user_steps,
    _TASK: task_steps,
    f"floor: GET {_FLOOR}": reads,
}


if __name__ == "__main__":
    main()
