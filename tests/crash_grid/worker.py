"""The process of a task, which plays it with a real backend, through the seam."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, cast

import httpx
from sqlalchemy import create_engine, delete

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.codec import encode
from airflow_wfstate.backends.credentials import UserToken
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.exceptions import WorkflowClosed
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.delivery.deliver import deliver
from airflow_wfstate.store.sweeping.sweep import sweep
from tests.crash_grid.cell import Mishap
from tests.crash_grid.play import Hands
from tests.crash_grid.receiver import Receiver
from tests.crash_grid.seam import Seam, engine_with, put_into_httpx
from tests.crash_grid.story import STORIES
from tests.crash_grid.watched_backend import WatchedBackend

LOGIN: Final = "admin"
"""The login of the api-server's user, and its password."""


@dataclass(frozen=True)
class Order:
    """What a worker has to do.

    :param url: URL of the database, or of the api-server.
    :param database_url: URL of the database below it.
    :param mishap: what happens at the crossing with the number ``at``; None for nothing.
    """

    story: str
    position: int
    key: str
    task_instance_id: str
    url: str
    receiver: Path
    database_url: str
    mishap: Mishap | None = None
    at: int = 0


@dataclass(frozen=True)
class Report:
    """How the task ended.

    :param state: the state that Airflow gives it; None if it raised an exception.
    :param calls: the calls of its crossings.
    :param has_happened: whether the fault happened.
    :param has_broken: whether a request broke because a server died during it.
    """

    state: str | None
    calls: list[str]
    has_happened: bool
    has_broken: bool = False
    complaints: list[str] = field(default_factory=list)


DISTURB: Final = "disturb"
"""What a worker sends when the server has to be killed, or a sweep has to run; it waits for any answer."""


def work(order: Order, pipe: Connection) -> None:
    """Do the task, and report."""

    def disturb() -> None:
        pipe.send(DISTURB)
        pipe.recv()

    seam = Seam(order.mishap, order.at, disturb)
    os.environ["AIRFLOW__WFSTATE__WEBHOOK_HOSTS"] = "127.0.0.1"  # the receiver
    backend, sweep_once, use_token, deliver_once = _open(order, seam)
    watched = WatchedBackend(backend, seam, order.key)
    hands = Hands(
        # It has every method of the protocol, by __getattr__.
        backend=cast("StateBackend", watched),
        receiver=Receiver(order.receiver),
        key=order.key,
        task_instance_id=order.task_instance_id,
        sweep=lambda: watched.watch("sweep", sweep_once),
        use_token=lambda token, answer: watched.watch("use_token", lambda: use_token(token, answer)),
        deliver=lambda: watched.watch("deliver", deliver_once),
    )
    state: str | None = None
    try:
        state = STORIES[order.story].tasks[order.position].play(hands)
        watched.send_late()
    except WorkflowClosed:
        # The operators fail without a retry then (operators/steps/refusal.py). The story's end shows whether the
        # refusal was right.
        state = "failed"
    except Exception:
        watched.complaints.append(traceback.format_exc())
    pipe.send(Report(state, seam.calls, seam.has_happened, seam.has_broken, watched.complaints))


def _open(
    order: Order, seam: Seam
) -> tuple[StateBackend, Callable[[], Any], Callable[[str, str], Any], Callable[[], Any]]:
    """The backend, and the functions that sweep, use a token, and deliver webhooks."""
    if order.url.startswith("http"):
        put_into_httpx(seam)
        credentials = UserToken(order.url, LOGIN, LOGIN)

        def sweep_over_http() -> None:
            for _ in range(20):  # the user of the command would also try again
                try:
                    answer = httpx.post(f"{order.url}/wfstate/v1/sweep", auth=credentials, timeout=30)
                except httpx.TransportError:
                    continue
                if answer.is_success:
                    return
            raise AssertionError("the sweep was not answered")

        def use_token_over_http(token: str, answer: str) -> None:
            for _ in range(20):  # a partner that gets no answer also sends it again
                try:
                    used = httpx.post(f"{order.url}/wfstate/v1/tokens/{token}", json=answer, timeout=30)
                except httpx.TransportError:
                    continue
                if used.is_success:
                    return
                if used.status_code < 500:
                    raise AssertionError(f"the token was answered with {used.status_code}: {used.text}")
            raise AssertionError("the token was not answered")

        def deliver_over_http() -> None:
            _let_leases_end(order.database_url)  # of an api-server that was killed
            sweep_over_http()

        backend = ApiBackend(order.url, credentials, configured_by="the crash grid")
        return backend, sweep_over_http, use_token_over_http, deliver_over_http
    engine = engine_with(seam, order.url)
    store = DatabaseBackend(engine)
    return (
        store,
        lambda: sweep(engine),
        lambda token, answer: store.use_token(token, encode(answer)),
        lambda: deliver(engine),
    )


def _let_leases_end(database_url: str) -> None:
    """End the leases of deliveries, as if two minutes had passed."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(delete(schema.lease).where(schema.lease.c.name.like("out:%")))
    engine.dispose()
