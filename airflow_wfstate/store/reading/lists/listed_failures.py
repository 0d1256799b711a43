"""The failed steps of listed workflows: searched only where there may be one, and in a wide workflow once per version.

Finding the first failed step among ten thousand reads them all, and the page requests its list every five seconds. A
workflow that is not running stays the same until it has a new version; if someone marks one of its tasks as success,
that counts once the sweep has accepted it. For a running workflow Airflow's states decide, and are read each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row

from airflow_wfstate.domain.rules.plan import PlannedStep
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.store.reading.lists.failed_steps import Failure, read_failures
from airflow_wfstate.store.reading.lists.kept_by_version import WIDE, KeptByVersion

_KEPT: Final[KeptByVersion[Failure | None]] = KeptByVersion()

_MAY_HAVE_FAILED: Final = frozenset((StepState.FAILED, StepState.LOST, StepState.COMPENSATED))


def listed_failures(
    connection: Connection, rows: Sequence[Row[Any]], steps: Mapping[str, Sequence[PlannedStep]]
) -> dict[str, Failure]:
    """The failures of these workflows, as in ``read_failures``.

    :param rows: rows of ``wfstate_workflow``, with id, state and version.
    :param steps: the step counts of each workflow.
    """
    wanted = [row for row in rows if _may_have_failed(row, steps[row.id])]
    at_rest = {row.id: row.version for row in wanted if not _runs(row) and _is_wide(steps[row.id])}
    kept = _KEPT.find(at_rest)
    unknown = [row.id for row in wanted if row.id not in kept]
    found = read_failures(connection, unknown) if unknown else {}
    _KEPT.keep(at_rest, {workflow_id: found.get(workflow_id) for workflow_id in at_rest if workflow_id not in kept})
    return found | {workflow_id: failure for workflow_id, failure in kept.items() if failure is not None}


def _may_have_failed(row: Row[Any], steps: Sequence[PlannedStep]) -> bool:
    if row.state == WorkflowState.SUCCEEDED.value:
        return False
    return _runs(row) or any(step.state in _MAY_HAVE_FAILED for step in steps)


def _runs(row: Row[Any]) -> bool:
    return bool(row.state == WorkflowState.RUNNING.value)


def _is_wide(steps: Sequence[PlannedStep]) -> bool:
    return sum(step.items for step in steps) >= WIDE
