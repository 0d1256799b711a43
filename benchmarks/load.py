"""``python -m benchmarks.load``: many clients at once on begin and complete by HTTP, beside a read that does little.

Both go to the same api-server, one after the other: calls a second, the median and the 99th percentile of a call, and
the api-server's CPU time for one.
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

_PROCESSES = 2
"""Of clients: one alone would be at work itself all the time."""

_HEAD_START_SECONDS = 15
"""For the clients to be made: each has TLS to set up, which takes a core for longer than a call."""

_BASE = "wfstate"
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


def steps(url: str, token: str, task_instance_id: str, begins: float, ends: float) -> Load:
    """One client: a step after the other, of one task."""
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
            begun = backend.begin_step(BeginStep(task_instance_id, f"step-{number}"))
            second = time.perf_counter()
            backend.end_attempt(
                EndAttempt(begun.attempt_key, begun.writes_applied + 1, StepState.SUCCEEDED, output=output)
            )
            seconds += [second - first, time.perf_counter() - second]
        except WorkflowStateError:
            errors += 1
    backend.close()
    return Load(seconds, errors)


def reads(url: str, token: str, task_instance_id: str, begins: float, ends: float) -> Load:
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


Client = Callable[[str, str, str, float, float], Load]


def _wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))


def crowd(client: Client, url: str, token: str, task_instance_ids: list[str], begins: float, ends: float) -> Load:
    """The clients of one process, a thread each.

    :param begins: with ``ends``: when they are at work, in seconds since 1970.
    """
    with ThreadPoolExecutor(len(task_instance_ids)) as pool:
        loads = list(pool.map(lambda task: client(url, token, task, begins, ends), task_instance_ids))
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
    from tests.support.api_server import running_api_server
    from tests.support.postgres import migrate
    from tests.support.world import World

    with EmbeddedPostgres(folder / "postgres") as postgres:
        postgres.create_database(_BASE)
        (folder / "migration").mkdir()
        url = postgres.url(_BASE, "psycopg2")
        migrate(url, folder / "migration")
        before = set(psutil.Process().children(recursive=True))
        with running_api_server(url, folder / "api-server") as server:
            servers = [child for child in psutil.Process().children(recursive=True) if child not in before]
            engine = create_engine(url)
            world = World(DatabaseBackend(engine), AirflowRows(engine))
            tasks = []
            for _ in range(clients):
                run_id = world.rows.add_run("load")
                world.start(run_id, dag_id="load")
                tasks.append(world.rows.add_task("load", run_id, "work"))
            print(f"{clients} clients in {_PROCESSES} processes, {seconds:.0f} seconds a line.")
            print("| what | calls | errors | calls/s | p50 ms | p99 ms | api-server CPU ms a call |")
            print("|---|---:|---:|---:|---:|---:|---:|")
            for label, client in (("begin and complete", steps), (f"floor: GET {_FLOOR}", reads)):
                used = sum(sum(child.cpu_times()[:2]) for child in servers)
                load = _crowds(client, server.url, server.token(), tasks, seconds)
                used = sum(sum(child.cpu_times()[:2]) for child in servers) - used
                print(_row(label, load, seconds, used), flush=True)
            engine.dispose()


def _crowds(client: Client, url: str, token: str, tasks: list[str], seconds: float) -> Load:
    shares = [tasks[number::_PROCESSES] for number in range(_PROCESSES)]
    with ProcessPoolExecutor(_PROCESSES, mp_context=get_context("spawn")) as pool:
        list(pool.map(_warm_up, shares))  # what Python imports is not measured
        begins = time.time() + _HEAD_START_SECONDS
        calls = [(client, url, token, share, begins, begins + seconds) for share in shares]
        loads = list(pool.map(crowd, *zip(*calls, strict=True)))
    return Load([second for load in loads for second in load.seconds], sum(load.errors for load in loads))


def _warm_up(_: list[str]) -> None:
    import airflow_wfstate.backends.api  # noqa: F401 - Airflow's configuration is read with it


def _row(label: str, load: Load, seconds: float, cpu_seconds: float) -> str:
    calls = len(load.seconds)
    high = quantiles(load.seconds, n=100)[98]
    figures = [f"{calls / seconds:.0f}", f"{1000 * median(load.seconds):.0f}", f"{1000 * high:.0f}"]
    return " | ".join(["| " + label, str(calls), str(load.errors), *figures, f"{1000 * cpu_seconds / calls:.2f} |"])


if __name__ == "__main__":
    main()
