"""A sweep after a request, when one is due: an Airflow without a maintenance DAG is swept too.

While a compensation is under way the sweep goes on without further requests: a relay that has the turn can be set going
only when its run has ended, and nobody asks anything then.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from typing import Final

from fastapi import BackgroundTasks

from airflow_wfstate import conf
from airflow_wfstate.api.backend import get_backend
from airflow_wfstate.store.sweeping.sweep import is_compensating, sweep_if_due

log = logging.getLogger(__name__)


class BackgroundSweep:
    """Sweeps in a thread of its own, one at a time, at most every ``[wfstate] turn_interval_seconds``.

    The thread lives until no request has come since its last pass, and no compensation is under way any more.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_wanted = False
        self._is_running = False
        self._next_at = 0.0

    async def want(self) -> None:
        """Have a pass made after this moment. Returns at once."""
        with self._lock:
            self._is_wanted = True
            if self._is_running:
                return
            self._is_running = True
        threading.Thread(target=self._run, name="wfstate-sweep", daemon=True).start()

    def _run(self) -> None:
        while self._is_to_go_on():
            time.sleep(max(0.0, self._next_at - time.monotonic()))
            self._next_at = time.monotonic() + conf.turn_interval().total_seconds()
            with self._lock:
                self._is_wanted = False
            _deliver_beside()
            try:
                sweep_if_due(get_backend().engine)
            except Exception:  # whatever it is, no request may fail by it; the next pass tries again
                log.exception("The sweep failed; the next one tries again")

    def _is_to_go_on(self) -> bool:
        goes_on = self._is_compensating()
        with self._lock:
            self._is_running = goes_on or self._is_wanted
            return self._is_running

    @staticmethod
    def _is_compensating() -> bool:
        try:
            return is_compensating(get_backend().engine)
        except Exception:  # as above: the next request starts the next pass
            log.exception("The sweep could not look for compensations")
            return False


_SWEEP: Final = BackgroundSweep()

_DELIVERY_TIME: Final = timedelta(minutes=1)
_IS_DELIVERING: Final = threading.Lock()


def _deliver_beside() -> None:
    """Deliver webhooks in a thread of its own, unless one is at it: a slow receiver holds up no turn."""

    def run() -> None:
        try:
            get_backend().deliver(_DELIVERY_TIME)
        except Exception:  # as above
            log.exception("Webhooks could not be delivered; the next pass tries again")
        finally:
            _IS_DELIVERING.release()

    if _IS_DELIVERING.acquire(blocking=False):
        threading.Thread(target=run, name="wfstate-deliver", daemon=True).start()


def sweep_afterwards(background: BackgroundTasks) -> None:
    """After the response, have a sweep made."""
    background.add_task(_SWEEP.want)
