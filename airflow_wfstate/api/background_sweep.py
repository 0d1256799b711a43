"""The api-server sweeps by itself: an Airflow without a maintenance DAG, and without requests, is swept too."""

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
    """Sweeps in a thread of its own: every ``[wfstate] sweep_interval_seconds``, and after each request.

    While a compensation is under way, and while the database does not say whether one is, it looks every ``[wfstate]
    turn_interval_seconds``: a relay that has the turn can be set going only when its run has ended, and nobody asks
    anything then. It never looks more often than that.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._process: int | None = None

    def start(self) -> None:
        """Start the thread, in each process once: a fork has none of its parent's threads. Returns at once."""
        with self._lock:
            if self._process == os.getpid():
                return
            self._process = os.getpid()
        threading.Thread(target=self._run, name="wfstate-sweep", daemon=True).start()

    async def want(self) -> None:
        """Have a pass made after this moment. Returns at once."""
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
        log.warning("The sweep waits for the database: %s", error)
    except Exception:  # whatever it is, the thread lives on: the next pass tries again
        log.exception("The sweep failed; the next one tries again")


def _is_compensating() -> bool:
    """Whether a compensation is under way; a database that does not answer may hold one."""
    try:
        return is_compensating(get_backend().engine)
    except Unavailable as error:
        log.warning("Whether a compensation is under way is not known: %s", error)
        return True
    except Exception:  # as above
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


def sweep_from_now_on() -> None:
    """Start to sweep in this process, which answers requests."""
    _SWEEP.start()


def sweep_afterwards(background: BackgroundTasks) -> None:
    """After the response, have a sweep made."""
    background.add_task(_SWEEP.want)
