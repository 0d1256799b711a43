"""The steps of listed workflows, counted by state; a wide workflow is counted once per version.

Counting ten thousand items takes the database 13 ms, and the page requests its list every five seconds. Every change of
a workflow's steps increments the workflow's version in the same transaction. So the counts of a version stay right, and
a wide workflow that is on hold or over is not counted again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row

from airflow_wfstate.domain.rules.plan import PlannedStep
from airflow_wfstate.store.reading.lists.kept_by_version import WIDE, KeptByVersion
from airflow_wfstate.store.steps.counts import count_rows, planned_steps


class KeptCounts:
    """The counts of wide workflows, each for one version."""

    def __init__(self) -> None:
        self._kept: KeptByVersion[list[Row[Any]]] = KeptByVersion()

    def of(self, connection: Connection, versions: Mapping[str, int]) -> dict[str, list[PlannedStep]]:
        """The begun steps of each workflow, as in ``count_steps``.

        :param versions: versions of the workflows, by id, read earlier in this transaction.
        """
        kept = self._kept.find(versions)
        unknown = [workflow_id for workflow_id in versions if workflow_id not in kept]
        found = count_rows(connection, unknown) if unknown else ()
        self._keep(versions, found)
        # Places are read each time, because a step's name also depends on the workflow's runs.
        return planned_steps(connection, [*found, *(row for rows in kept.values() for row in rows)])

    def _keep(self, versions: Mapping[str, int], rows: Sequence[Row[Any]]) -> None:
        by_workflow: dict[str, list[Row[Any]]] = {}
        for row in rows:
            by_workflow.setdefault(row.workflow_id, []).append(row)
        wide = {found[0].workflow_id: found for found in by_workflow.values() if _items(found) >= WIDE}
        self._kept.keep(versions, wide)


def _items(rows: Sequence[Row[Any]]) -> int:
    return sum(row.items for row in rows)


KEPT_COUNTS: Final = KeptCounts()
"""For this process. Ids of workflows are unique, so those of several databases can share it."""
