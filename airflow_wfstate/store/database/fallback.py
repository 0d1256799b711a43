"""Stored function calls that the database refused, so that the transactions in Python did the work.

Those are slower, so operators should know: the first of each kind is logged, and all are counted.
"""

from __future__ import annotations

import logging
from typing import Final

from airflow_wfstate.store.database.outage import sqlstate

METRIC: Final = "wfstate.hot_path.fallbacks"
"""Airflow metric that counts them; its tag ``reason`` is an SQLSTATE, or the class of an error without one."""

log = logging.getLogger(__name__)


class Fallbacks:
    """Counts fallbacks for one engine.

    :param counts: number by reason, since the process started.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def add(self, function: str, error: BaseException) -> None:
        """Count one fallback.

        :param function: the stored function's name.
        :param error: the error raised by the driver or the pool.
        """
        from airflow.observability.stats import Stats

        reason = sqlstate(error) or type(error).__name__
        first = reason not in self.counts
        self.counts[reason] = self.counts.get(reason, 0) + 1
        Stats.incr(METRIC, tags={"reason": reason})
        log.log(
            logging.WARNING if first else logging.DEBUG,
            "The stored function %s could not be called (%s: %s); a slower method is used instead. Further failures of "
            "this kind are only counted, in the metric %s.",
            function,
            reason,
            str(error).strip().partition("\n")[0],
            METRIC,
        )
