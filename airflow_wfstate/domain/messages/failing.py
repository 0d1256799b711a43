"""A step that has failed while its workflow is still running: what is wrong before anything follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
