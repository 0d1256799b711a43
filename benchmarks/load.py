"""``python -m benchmarks.load``: many clients at once on begin and complete by HTTP, beside a read that does little.

All lines go to the same api-server, one after the other: calls a second, the median and the 99th percentile of a call,
and the api-server's CPU time for one. Begin and complete are called by a user's token and by each task's own. Beside
them Airflow's health and a task's heartbeat are called (:mod:`benchmarks.bystanders`): the longest wait of each.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from benchmarks.bystanders import HEALTH, HEARTBEAT, HeartbeatTask, Waits, bystanders

_PROCESSES = 2
"""Of clients: one alone would be at work itself all the time."""

_HEAD_START_SECONDS = 15
"""For the clients to be made: each has TLS to set up, which takes a core for longer than a call."""

_WARM_UP_SECONDS = 2

_BASE = "wfstate"
_HOSTNAME, _PID = "bystander", 1
_FLOOR = "/wfstate/v1/health"
"""Who calls is authenticated, and a row or two are read: what any route costs."""


@dataclass(frozen=True)
class Load:
    """What the clients of one line saw.

    :param seconds: of each call.
    :param errors: calls that raised.
    """

    seconds: list[float]
    errors: int


@dataclass(frozen=True)
class Task:
    """A running task of the clients.

    :param token: its own, of the execution API.
    """

    id: str
    token: str


def user_steps(url: str, token: str, task: Task, begins: float, ends: float) -> Load:
    """One client by a user's token: a step after the other, of one task."""
    return _steps(url, token, task.id, "user", begins, ends)


def task_steps(url: str, token: str, task: Task, begins: float, ends: float) -> Load:
    """One client by its task's own token: a step after the other. The user's does not matter."""
    return _steps(url, task.token, task.id, "task", begins, ends)


def _steps(url: str, token: str, task_instance_id: str, prefix: str, begins: float, ends: float) -> Load:
    from airflow_wfstate.backends.api import ApiBackend
    from airflow_wfstate.backends.credentials import StaticToken
    from airflow_wfstate.domain.payload import Payload
    from airflow_wfstate.domain.states import StepState
    from airflow_wfstate.domain.step import BeginStep, EndAttempt
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
    """One client: a read after the other. The task does not matter."""
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
    """The clients of one process, a thread each.

    :param begins: with ``ends``: when they are at work, in seconds since 1970.
    """
    with ThreadPoolExecutor(len(tasks)) as pool:
        loads = list(pool.map(lambda task: client(url, token, task, begins, ends), tasks))
    return Load([second for load in loads for second in load.seconds], sum(load.errors for load in loads))


def main() -> None:
    """Parse the command line, measure, print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--clients", type=int, default=50, help="at once (default: 50)")
    parser.add_argument("--seconds", type=float, default=60, help="for each line (default: 60)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wfstate-load-") as folder:
        # Airflow makes its home when it is first imported: here, in the clients, and nowhere of the user's.
        os.environ["AIRFLOW_HOME"] = f"{folder}/home"
        os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
        _measure(Path(folder), arguments.clients, arguments.seconds)


def _measure(folder: Path, clients: int, seconds: float) -> None:
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
            print(f"{clients} clients in {_PROCESSES} processes, {seconds:.0f} seconds a line.")
            print(f"| what | calls | errors | calls/s | p50 ms | p99 ms | CPU ms a call | {HEALTH} | {HEARTBEAT} |")
            print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
            _crowds(reads, server.url, server.token(), tasks[:_PROCESSES], _WARM_UP_SECONDS)
            for label, client in _LINES.items():
                used = sum(sum(child.cpu_times()[:2]) for child in servers)
                heartbeat = HeartbeatTask(watched, task_token(watched), _HOSTNAME, _PID)
                with bystanders(server.url, heartbeat) as waits:
                    load = _crowds(client, server.url, server.token(), tasks, seconds)
                used = sum(sum(child.cpu_times()[:2]) for child in servers) - used
                print(_row(label, load, seconds, used, waits), flush=True)
            engine.dispose()


def _crowds(client: Client, url: str, token: str, tasks: list[Task], seconds: float) -> Load:
    shares = [tasks[number::_PROCESSES] for number in range(_PROCESSES)]
    with ProcessPoolExecutor(_PROCESSES, mp_context=get_context("spawn")) as pool:
        list(pool.map(_warm_up, shares))  # what Python imports is not measured
        begins = time.time() + _HEAD_START_SECONDS
        calls = [(client, url, token, share, begins, begins + seconds) for share in shares]
        loads = list(pool.map(crowd, *zip(*calls, strict=True)))
    return Load([second for load in loads for second in load.seconds], sum(load.errors for load in loads))


def _warm_up(_: list[Task]) -> None:
    import airflow_wfstate.backends.api  # noqa: F401 - Airflow's configuration is read with it


def _row(label: str, load: Load, seconds: float, cpu_seconds: float, waits: dict[str, Waits]) -> str:
    calls = len(load.seconds)
    high = quantiles(load.seconds, n=100)[98]
    figures = [f"{calls / seconds:.0f}", f"{1000 * median(load.seconds):.0f}", f"{1000 * high:.0f}"]
    beside = [_longest(waits[name]) for name in (HEALTH, HEARTBEAT)]
    return " | ".join(
        ["| " + label, str(calls), str(load.errors), *figures, f"{1000 * cpu_seconds / calls:.2f}", *beside, ""]
    ).rstrip()


def _longest(waits: Waits) -> str:
    errors = f", {waits.errors} errors" if waits.errors else ""
    return f"{1000 * median(waits.seconds):.0f}, at most {1000 * max(waits.seconds):.0f}{errors}"


_LINES: Final[dict[str, Client]] = {
    "begin and complete, by a user's token": user_steps,
    "begin and complete, by the task's token": task_steps,
    f"floor: GET {_FLOOR}": reads,
}


if __name__ == "__main__":
    main()
