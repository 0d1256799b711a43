"""The failed step of a workflow: which one it is, and what is wrong while the workflow is still running."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from airflow_wfstate.domain.rules.states import StepState


@dataclass(frozen=True)
class FailingStep:
    """The first failed step of a running workflow that is not retried, or else the first that is.

    What happens next (compensation or hold) is decided when its DAG run has ended.

    :param step: ``participant.name`` or ``participant.name[item]``.
    :param error: error of its newest attempt; None if the process died without reporting one.
    :param since: when that attempt ended.
    :param is_retried: whether Airflow retries its task, so that the failure may have no consequences.
    :param others: how many other steps of the workflow have also failed.
    """

    step: str
    error: str | None
    since: datetime
    is_retried: bool
    others: int


@dataclass(frozen=True)
class FailedStep:
    """The step of a workflow that failed first, whatever happened afterwards. This is where to look for the cause.

    Steps that Airflow retries come after those that it does not. A step whose task was manually marked as success or
    skipped does not count.

    :param step: ``participant.name`` or ``participant.name[item]``.
    :param state: ``compensated`` if it has been undone since.
    :param error: error of its newest attempt, as one line of at most 300 characters (``error_line``); get the step for
        the full text. None if the process died without reporting one.
    :param attempt: number of that attempt. The remaining fields identify its task instance in Airflow.
    :param dag_id: empty for a participant outside Airflow, like ``run_id`` and ``task_id``.
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
