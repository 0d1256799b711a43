"""The api-server's own sweep, so that it also runs without a maintenance DAG and without requests."""

from __future__ import annotations

import logging
import os
import threading
import time
from datetime import timedelta
from typing import Final

from fastapi import BackgroundTasks

from airflow_wfstate import conf
from airflow_wfstate.api.backend import get_backend
from airflow_wfstate.exceptions import Unavailable
from airflow_wfstate.store.sweeping.sweep import is_compensating, sweep_if_due

log = logging.getLogger(__name__)


class BackgroundSweep:
    """Sweeps in its own thread, every ``[wfstate] sweep_interval_seconds`` and after each request.

    While a compensation is running, or the database cannot tell, it checks every ``[wfstate] turn_interval_seconds``. A
    relay that has the turn can be cleared only after its run has ended, and there may be no requests then. It never
    checks more often than that.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._process: int | None = None

    def start(self) -> None:
        """Start the thread, once per process, since a fork has none of its parent's threads. Returns immediately."""
        with self._lock:
            if self._process == os.getpid():
                return
            self._process = os.getpid()
        threading.Thread(target=self._run, name="wfstate-sweep", daemon=True).start()

    async def want(self) -> None:
        """Request a pass after this moment. Returns immediately."""
        self._wanted.set()
        self.start()

    def _run(self) -> None:
        while True:
            self._wanted.clear()
            _deliver_beside()
            _sweep()
            turn_interval = conf.turn_interval().total_seconds()
            time.sleep(turn_interval)
            if not _is_compensating():
                self._wanted.wait(max(0.0, conf.sweep_interval().total_seconds() - turn_interval))


def _sweep() -> None:
    try:
        sweep_if_due(get_backend().engine)
    except Unavailable as error:
        log.warning("The sweep is waiting for the database: %s", error)
    except Exception:  # whatever happened, the thread lives on, and the next pass tries again
        log.exception("The sweep failed; the next one tries again")


def _is_compensating() -> bool:
    """Whether a compensation is running. If the database does not answer, assume so."""
    try:
        return is_compensating(get_backend().engine)
    except Unavailable as error:
        log.warning("It is not known whether a compensation is running: %s", error)
        return True
    except Exception:  # as above
        log.exception("The sweep could not check for compensations")
        return False


_SWEEP: Final = BackgroundSweep()

_DELIVERY_TIME: Final = timedelta(minutes=1)
_IS_DELIVERING: Final = threading.Lock()


def _deliver_beside() -> None:
    """Deliver webhooks in a separate thread, unless one is running, so that a slow receiver delays no turn."""

    def run() -> None:
        try:
            get_backend().deliver(_DELIVERY_TIME)
        except Exception:  # as above
            log.exception("Webhooks could not be delivered; the next pass tries again")
        finally:
            _IS_DELIVERING.release()

    if _IS_DELIVERING.acquire(blocking=False):
        threading.Thread(target=run, name="wfstate-deliver", daemon=True).start()


def sweep_from_now_on() -> None:
    """Start sweeping in this process, which answers requests."""
    _SWEEP.start()


def sweep_afterwards(background: BackgroundTasks) -> None:
    """Request a sweep after the response."""
    background.add_task(_SWEEP.want)
