"""The poller of a triggerer: one request for all waits of the process, however many there are."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from airflow_wfstate import conf
from airflow_wfstate.domain.messages.wait import MAX_WAITS, LookAtWaits
from airflow_wfstate.exceptions import Unavailable, WorkflowStateError
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook

if TYPE_CHECKING:
    from airflow_wfstate.backends.state_backend import StateBackend

log = logging.getLogger(__name__)

_SHORTEST_PAUSE: Final = 0.05
"""Minimum seconds between two polls, even if a poll takes longer than the interval."""

_SHORT_INTERVAL: Final = 1.0
"""Seconds from one poll to the next if polls are cheap."""

_SHARE: Final = 50
"""A poll is cheap enough if it takes at most this fraction (1/50) of the time. It then costs triggerer, api-server and
database 2 % of a core together, since each of them works while the others wait."""


class WaitPoller:
    """Polls the waits of one event loop over one connection, at least every ``[wfstate] wait_poll_seconds``.

    With few waits it polls every second, since each poll takes only milliseconds. It runs as long as there is a wait.
    Requests to the store run in threads, because the client blocks.

    :param conn_id: the Airflow connection to the store.
    """

    def __init__(self, conn_id: str) -> None:
        self._conn_id = conn_id
        self._waits: defaultdict[str, list[asyncio.Future[None]]] = defaultdict(list)
        self._caller: str | None = None
        self._backend: StateBackend | None = None
        self._polling: asyncio.Task[None] | None = None

    async def ended(self, wait_id: str, task_instance_id: str | None) -> None:
        """Return when a wait has ended, or the store no longer knows it.

        :param task_instance_id: id of the waiting task instance; None if there is none. If no connection is defined,
            the poller authenticates as one of the tasks that it waits for.
        :raises WorkflowStateError: the store refuses the request. The task then fails, and its retry continues to wait.
        """
        future = asyncio.get_running_loop().create_future()
        self._waits[wait_id].append(future)
        if self._polling is None or self._polling.done():
            self._caller = task_instance_id
            self._polling = asyncio.create_task(self._poll(), name="wfstate-wait-poller")
        try:
            await future
        finally:
            self._forget(wait_id, future)

    def _forget(self, wait_id: str, future: asyncio.Future[None]) -> None:
        """Remove a wait that has ended, or whose trigger was cancelled (its task was cleared, or moved elsewhere)."""
        futures = self._waits[wait_id]
        futures.remove(future)
        if not futures:
            del self._waits[wait_id]

    async def _poll(self) -> None:
        try:
            while self._waits:
                began = time.monotonic()
                await self._look(list(self._waits))
                spent = time.monotonic() - began
                await asyncio.sleep(_pause(spent))
        except Exception as error:  # nobody else would poll for those that wait now
            log.exception("The poller of waits failed.")
            self._settle(list(self._waits), error)

    async def _look(self, wait_ids: list[str]) -> None:
        for start in range(0, len(wait_ids), MAX_WAITS):
            chunk = wait_ids[start : start + MAX_WAITS]
            try:
                ended = await asyncio.to_thread(self._ask, chunk)
            except Unavailable as error:
                log.warning("Could not check the waits of %s tasks: %s", len(chunk), error)
                return  # retried after the interval, for as long as it takes
            except WorkflowStateError as error:
                self._backend = None  # a new backend may have other credentials
                self._settle(chunk, error)
            else:
                self._settle(ended, None)

    def _ask(self, wait_ids: list[str]) -> list[str]:
        if self._backend is None:
            self._backend = WorkflowStateHook(self._conn_id, task_instance_id=self._caller).get_conn()
        return self._backend.look_at_waits(LookAtWaits(wait_ids)).wait_ids

    def _settle(self, wait_ids: list[str], error: Exception | None) -> None:
        for wait_id in wait_ids:
            for future in self._waits.get(wait_id, ()):
                if future.done():
                    continue
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(error)


_POLLERS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, WaitPoller]]] = WeakKeyDictionary()
"""Pollers by event loop and connection. A triggerer has one loop; ``dag.test()`` creates one for each trigger."""


def poller_of(conn_id: str) -> WaitPoller:
    """The poller of the running event loop for a connection."""
    pollers = _POLLERS.setdefault(asyncio.get_running_loop(), {})
    if conn_id not in pollers:
        pollers[conn_id] = WaitPoller(conn_id)
    return pollers[conn_id]


def _pause(spent: float) -> float:
    """Seconds until the next poll, after one that took ``spent`` seconds."""
    interval = min(max(_SHORT_INTERVAL, _SHARE * spent), conf.wait_poll().total_seconds())
    return max(interval - spent, _SHORTEST_PAUSE)
