"""The poller of a triggerer: one question for all waits of the process, however many they are."""

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
"""Seconds between two looks, also where a look takes longer than the interval."""

_SHORT_INTERVAL: Final = 1.0
"""Seconds from one look to the next, where looks are cheap."""

_SHARE: Final = 50
"""A look is cheap enough where it takes at most one in so many parts of the time: then it costs triggerer, api-server
and database 2 % of a core together, since each of them works while the others wait."""


class WaitPoller:
    """Asks for the waits of one event loop by one connection, at least every ``[wfstate] wait_poll_seconds``.

    A poller of few waits looks each second, since its looks take only milliseconds. It works while there is a wait.
    What is asked of the store is asked in threads, as the client blocks.

    :param conn_id: the Airflow connection that names the way to the store.
    """

    def __init__(self, conn_id: str) -> None:
        self._conn_id = conn_id
        self._waits: defaultdict[str, list[asyncio.Future[None]]] = defaultdict(list)
        self._caller: str | None = None
        self._backend: StateBackend | None = None
        self._polling: asyncio.Task[None] | None = None

    async def ended(self, wait_id: str, task_instance_id: str | None) -> None:
        """Return when a wait has ended, or the store does not know it any more.

        :param task_instance_id: of the task that waits; None where there is none. Where no connection is defined, the
            poller asks as one of the tasks that it waits for.
        :raises WorkflowStateError: the store refuses to be asked; the task then fails, and its retry goes on waiting.
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
        """Take out a wait that has ended, or whose trigger was cancelled: its task was cleared, or moves elsewhere."""
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
        except Exception as error:  # nobody else would ask for those that wait now
            log.exception("The poller of waits failed.")
            self._settle(list(self._waits), error)

    async def _look(self, wait_ids: list[str]) -> None:
        for start in range(0, len(wait_ids), MAX_WAITS):
            chunk = wait_ids[start : start + MAX_WAITS]
            try:
                ended = await asyncio.to_thread(self._ask, chunk)
            except Unavailable as error:
                log.warning("The waits of %s tasks could not be looked at: %s", len(chunk), error)
                return  # asked again after the interval, for as long as it takes
            except WorkflowStateError as error:
                self._backend = None  # another one may have other credentials
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
"""By event loop and connection: a triggerer has one loop, ``dag.test()`` makes one for each trigger."""


def poller_of(conn_id: str) -> WaitPoller:
    """The poller of the running event loop for a connection."""
    pollers = _POLLERS.setdefault(asyncio.get_running_loop(), {})
    if conn_id not in pollers:
        pollers[conn_id] = WaitPoller(conn_id)
    return pollers[conn_id]


def _pause(spent: float) -> float:
    """Seconds until the next look, after one that took so many."""
    interval = min(max(_SHORT_INTERVAL, _SHARE * spent), conf.wait_poll().total_seconds())
    return max(interval - spent, _SHORTEST_PAUSE)
