"""The exceptions by which a task tells Airflow what is to become of it: they are no errors."""

from __future__ import annotations

from typing import Final

from airflow.sdk import exceptions as airflow_exceptions
from airflow.sdk.exceptions import AirflowSkipException, DagRunTriggerException, DownstreamTasksSkipped

WAITING: Final[tuple[type[BaseException], ...]] = tuple(
    getattr(airflow_exceptions, name)
    for name in ("TaskDeferred", "TaskAwaitingInput", "AirflowRescheduleException")
    if hasattr(airflow_exceptions, name)  # TaskAwaitingInput came with Airflow 3.3
)
"""The task is deferred, or rescheduled: it goes on later, in another process."""

UNFINISHED: Final[tuple[type[BaseException], ...]] = (*WAITING, DagRunTriggerException)
"""What it was to do is not done yet: a waiting task, or one of which Airflow triggers a run afterwards."""

STEERING: Final[tuple[type[BaseException], ...]] = (
    *UNFINISHED,
    AirflowSkipException,
    DownstreamTasksSkipped,
)
"""All of them. ``AirflowFailException`` is none: it is an error, one that no retry can heal."""
