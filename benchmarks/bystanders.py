"""Bystanders that share the api-server with the clients under load: a health probe and a task's heartbeats.

Both use Airflow's own routes. Their waiting times show what our clients cost everyone else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

_INTERVAL_SECONDS = 0.2
_TIMEOUT_SECONDS = 120

HEALTH = "Airflow's health"
HEARTBEAT = "a task's heartbeat"


@dataclass
class Waits:
    """How long one bystander waited.

    :param seconds: the duration of each call.
    :param errors: calls that failed or were refused.
    """

    seconds: list[float] = field(default_factory=list)
    errors: int = 0


@dataclass(frozen=True)
class HeartbeatTask:
    """A task instance as its supervisor reports it.

    :param token: of the execution API, for this task instance.
    :param hostname: as in the table ``task_instance``, like ``pid``.
    """

    id: str
    token: str
    hostname: str
    pid: int


@contextmanager
def bystanders(url: str, task: HeartbeatTask) -> Iterator[dict[str, Waits]]:
    """Let both call five times a second until the block ends, and yield their waits.

    The keys are :data:`HEALTH` and :data:`HEARTBEAT`.

    :param url: the api-server, which also serves Airflow's execution API.
    """
    waits = {HEALTH: Waits(), HEARTBEAT: Waits()}
    ended = threading.Event()
    body = {"hostname": task.hostname, "pid": task.pid}
    with (
        httpx.Client(base_url=url, timeout=_TIMEOUT_SECONDS) as prober,
        httpx.Client(
            base_url=url, timeout=_TIMEOUT_SECONDS, headers={"Authorization": f"Bearer {task.token}"}
        ) as supervisor,
    ):
        calls = {
            HEALTH: lambda: prober.get("/api/v2/monitor/health"),
            HEARTBEAT: lambda: supervisor.put(f"/execution/task-instances/{task.id}/heartbeat", json=body),
        }
        for send in calls.values():
            send().raise_for_status()  # the first call of a route builds its handler
        threads = [threading.Thread(target=_call, args=(calls[name], waits[name], ended)) for name in calls]
        for thread in threads:
            thread.start()
        try:
            yield waits
        finally:
            ended.set()
            for thread in threads:
                thread.join()


def _call(send: Callable[[], httpx.Response], waits: Waits, ended: threading.Event) -> None:
    while not ended.wait(_INTERVAL_SECONDS):
        first = time.perf_counter()
        try:
            answered = send().is_success
        except httpx.TransportError:
            answered = False
        waits.errors += not answered
        waits.seconds.append(time.perf_counter() - first)
