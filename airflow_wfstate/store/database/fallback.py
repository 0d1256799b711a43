"""Calls of a stored function that the database refused, and that were left to the transactions in Python.

Those take longer, so that somebody should know: the first of each kind is logged, all are counted.
"""

from __future__ import annotations

import logging
from typing import Final

from airflow_wfstate.store.database.outage import sqlstate

METRIC: Final = "wfstate.hot_path.fallbacks"
"""The counter among Airflow's metrics; its tag ``reason`` is an SQLSTATE, or the class of an error without one."""

log = logging.getLogger(__name__)


class Fallbacks:
    """Counts them for one engine.

    :param counts: by reason, since the process began.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def add(self, function: str, error: BaseException) -> None:
        """Note one.

        :param function: the stored function's name.
        :param error: what the driver, or the pool, raised.
        """
        from airflow.observability.stats import Stats

        reason = sqlstate(error) or type(error).__name__
        first = reason not in self.counts
        self.counts[reason] = self.counts.get(reason, 0) + 1
        Stats.incr(METRIC, tags={"reason": reason})
        log.log(
            logging.WARNING if first else logging.DEBUG,
            "The stored function %s could not be called (%s: %s); the slower way is taken. Further ones of this kind "
            "are counted in the metric %s only.",
            function,
            reason,
            str(error).strip().partition("\n")[0],
            METRIC,
        )
