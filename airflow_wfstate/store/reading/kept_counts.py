"""The steps of listed workflows, counted by state: a wide workflow is counted once for each of its versions.

To count ten thousand items takes the database 13 ms, and the page asks for its list every five seconds. Every change of
a workflow's steps gives the workflow a new version, in one transaction. So the counts of a version stay right, and a
wide workflow that waits for an operator, or is over, is not counted again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any, Final

from sqlalchemy import Connection, Row

from airflow_wfstate.domain.rules.plan import PlannedStep
from airflow_wfstate.store.steps.counts import count_rows, planned_steps

_WIDE: Final = 500
"""Items from which on the counts are kept: fewer are counted as fast as they are looked up."""

_MAX_KEPT: Final = 200
"""Workflows whose counts are kept; those that were not asked for longest go first."""


class KeptCounts:
    """The counts of wide workflows, each of one version."""

    def __init__(self) -> None:
        self._rows: OrderedDict[str, tuple[int, list[Row[Any]]]] = OrderedDict()
        self._lock = Lock()

    def of(self, connection: Connection, versions: Mapping[str, int]) -> dict[str, list[PlannedStep]]:
        """The begun steps of each workflow, as ``count_steps`` has them.

        :param versions: of the workflows, by id, read before in this transaction.
        """
        kept = self._find(versions)
        unknown = [workflow_id for workflow_id in versions if workflow_id not in kept]
        found = count_rows(connection, unknown) if unknown else ()
        self._keep(versions, found)
        # Places are read each time: what a step is called depends on the workflow's runs as well.
        return planned_steps(connection, [*found, *(row for rows in kept.values() for row in rows)])

    def _find(self, versions: Mapping[str, int]) -> dict[str, list[Row[Any]]]:
        found = {}
        with self._lock:
            for workflow_id, version in versions.items():
                kept = self._rows.get(workflow_id)
                if kept is not None and kept[0] == version:
                    self._rows.move_to_end(workflow_id)
                    found[workflow_id] = kept[1]
        return found

    def _keep(self, versions: Mapping[str, int], rows: Sequence[Row[Any]]) -> None:
        by_workflow: dict[str, list[Row[Any]]] = {}
        for row in rows:
            by_workflow.setdefault(row.workflow_id, []).append(row)
        wide = {found[0].workflow_id: found for found in by_workflow.values() if _items(found) >= _WIDE}
        with self._lock:
            for workflow_id, found in wide.items():
                self._rows[workflow_id] = (versions[workflow_id], found)
                self._rows.move_to_end(workflow_id)
            while len(self._rows) > _MAX_KEPT:
                self._rows.popitem(last=False)


def _items(rows: Sequence[Row[Any]]) -> int:
    return sum(row.items for row in rows)


KEPT_COUNTS: Final = KeptCounts()
"""Of this process. Ids of workflows are unique, so that those of several databases may stand beside each other."""
