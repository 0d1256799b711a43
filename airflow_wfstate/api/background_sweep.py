"""A sweep after a request, when one is due: an Airflow without a maintenance DAG is swept too."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from fastapi import BackgroundTasks

from airflow_wfstate import conf
from airflow_wfstate.api.backend import get_backend
from airflow_wfstate.store.sweep import sweep_if_due

log = logging.getLogger(__name__)


class BackgroundSweep:
    """Sweeps in a thread of its own, one at a time, at most every ``[wfstate] turn_interval_seconds``."""

    def __init__(self) -> None:
        self._running = threading.Lock()
        self._next_at = 0.0

    async def start_if_due(self) -> None:
        """Start a sweep unless one runs, or ran a moment ago. Returns at once."""
        if time.monotonic() < self._next_at or not self._running.acquire(blocking=False):
            return
        self._next_at = time.monotonic() + conf.turn_interval().total_seconds()
        threading.Thread(target=self._sweep, name="wfstate-sweep", daemon=True).start()

    def _sweep(self) -> None:
        try:
            sweep_if_due(get_backend().engine)
        except Exception:  # whatever it is, no request may fail by it; the next pass tries again
            log.exception("The sweep failed; the next one tries again")
        finally:
            self._running.release()


_SWEEP: Final = BackgroundSweep()


async def sweep_afterwards(background: BackgroundTasks) -> None:
    """A dependency: after the response, start a sweep if one is due."""
    background.add_task(_SWEEP.start_if_due)
