"""Measure how long the lock of a DAG run is held, which keeps Airflow's scheduler waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.errors import LockNotAvailable

_POLL_SECONDS = 0.005


@dataclass
class RunLock:
    """:param longest_seconds: the longest time the run was locked continuously, to within about 5 ms."""

    longest_seconds: float = 0.0


@contextmanager
def watched_run(url: str, dag_id: str, run_id: str) -> Iterator[RunLock]:
    """Keep trying to take the lock that the scheduler takes (``with_row_locks``) while the block runs.

    :param url: a libpq URL.
    """
    found, over = RunLock(), threading.Event()

    def watch() -> None:
        since: float | None = None
        with psycopg.connect(url, autocommit=True) as connection:
            while not over.wait(_POLL_SECONDS):
                asked = time.perf_counter()
                try:
                    connection.execute(
                        "SELECT 1 FROM dag_run WHERE dag_id = %s AND run_id = %s FOR NO KEY UPDATE NOWAIT",
                        (dag_id, run_id),
                    )
                except LockNotAvailable:
                    since = asked if since is None else since
                    found.longest_seconds = max(found.longest_seconds, time.perf_counter() - since)
                else:
                    since = None

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join(10)
