"""The step of a workflow that has failed: which one it is, and what is wrong while the workflow is still running."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from airflow_wfstate.domain.rules.states import StepState


@dataclass(frozen=True)
class FailingStep:
    """The step of a running workflow that failed first and is not tried again; else the first that is.

    What follows (an undo, a hold) is decided when its DAG run is over.

    :param step: ``participant.name`` or ``participant.name[item]``.
    :param error: of its newest attempt; None when nobody has said how that ended: its process died.
    :param since: when that attempt ended.
    :param is_retried: whether Airflow tries its task again, so that nothing may follow at all.
    :param others: how many further steps of the workflow have failed too.
    """

    step: str
    error: str | None
    since: datetime
    is_retried: bool
    others: int


@dataclass(frozen=True)
class FailedStep:
    """The step of a workflow that failed first, whatever has followed from it: where to look for the cause.

    A step that Airflow tries again comes after those that it does not. One whose task was marked success or skipped by
    hand does not count.

    :param step: ``participant.name`` or ``participant.name[item]``.
    :param state: ``compensated`` when it has been undone since.
    :param error: of its newest attempt, one line of at most 300 characters (``error_line``); the step has all of it.
        None when nobody has said how that ended: its process died.
    :param attempt: the number of that attempt. The rest is the task instance in Airflow that made it.
    :param dag_id: empty, as ``run_id`` and ``task_id``, for a participant outside Airflow.
    :param map_index: -1 for a task that is not mapped.
    """

    step: str
    step_id: str
    state: StepState
    error: str | None
    attempt: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
