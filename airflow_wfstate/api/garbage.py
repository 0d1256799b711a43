"""Python's garbage collector, and what it need not look at."""

from __future__ import annotations

import gc
from functools import cache


@cache
def spare_what_is_loaded() -> None:
    """Let the garbage collector leave alone what this process has loaded, once.

    A full collection walks through every object: 150 ms for what an api-server has loaded, which lives as long as the
    process. A thousand events make so many objects that each five batches set one off: a seventh of the CPU of the
    intake, measured. Airflow does the same in its LocalExecutor and its DAG processor.
    """
    gc.collect()  # what is garbage now would never be found again
    gc.freeze()
