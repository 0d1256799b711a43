"""Airflow's own task_state_store.set compared with the api way, from a task of a live Airflow."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import cast

from demo import environment
from demo.client import AirflowClient
from demo.standalone import LiveAirflow

_DAG = "bench_task_state_store"
_TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class TaskCalls:
    """Medians of calls from inside a task, in milliseconds.

    :param set_ms: ``task_state_store.set`` of 1 kB.
    :param checkpoint_ms: our checkpoint of 1 kB.
    :param begin_ms: our begin of a step.
    :param end_ms: our completion with a 1 kB output.
    """

    set_ms: float
    checkpoint_ms: float
    begin_ms: float
    end_ms: float


def measure(database_url: str, home: Path, calls: int) -> TaskCalls:
    """Start an Airflow, run the measuring DAG in it, and stop it.

    :param database_url: an SQLAlchemy URL of its metadata database.
    :param home: an empty folder.
    :param calls: how many of each kind.
    """
    port = environment.free_port()
    variables = {
        **environment.bare(home),
        **environment.on_port(port),
        **environment.small_and_quick(database_url, Path(__file__).with_name("dags"), environment.new_jwt_secret()),
    }
    with LiveAirflow(home, port, variables) as airflow:
        airflow.wait_until_healthy(180)
        client = airflow.client()
        try:
            seconds = _run(client, calls)
        finally:
            client.close()
    return TaskCalls(**{f"{name}_ms": 1000 * median(values) for name, values in seconds.items()})


def _run(client: AirflowClient, calls: int) -> dict[str, list[float]]:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while not client.has_dag(_DAG):
        _pause(deadline, f"Airflow to parse the DAG: {client.import_errors()}")
    client.trigger(_DAG, "bench", {"calls": calls})
    while (state := client.run_state(_DAG, "bench")) not in ("success", "failed"):
        _pause(deadline, "the measuring run to end")
    if state == "failed":
        raise RuntimeError("The measuring task failed; its log is in the Airflow home of the benchmark.")
    return cast("dict[str, list[float]]", client.xcom(_DAG, "bench", "measure"))


def _pause(deadline: float, what: str) -> None:
    if time.monotonic() > deadline:
        raise RuntimeError(f"Gave up after waiting {_TIMEOUT_SECONDS} seconds for {what}.")
    time.sleep(0.5)
