"""Something that happens after the sweep has read a workflow and before it locks it, without a sleep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from airflow_wfstate.store.sweeping import sweep as sweeping


@contextmanager
def between_read_and_lock(workflow_id: str, meanwhile: Callable[[], object]) -> Iterator[list[bool]]:
    """Do this once, when a pass of the sweep has found the workflow and has not locked it yet.

    Yields a list that is no longer empty once it has happened.
    """
    happened: list[bool] = []
    real = sweeping.run_transaction

    def run_transaction(engine: Any, work: Any) -> Any:
        if not happened and workflow_id in getattr(work, "args", ()):
            happened.append(True)
            meanwhile()
        return real(engine, work)

    with patch.object(sweeping, "run_transaction", run_transaction):
        yield happened
