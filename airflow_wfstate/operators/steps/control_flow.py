"""The exceptions with which a task tells Airflow how to proceed. They are not errors."""

from __future__ import annotations

from typing import Final

from airflow.sdk import exceptions as airflow_exceptions
from airflow.sdk.exceptions import AirflowSkipException, DagRunTriggerException, DownstreamTasksSkipped

WAITING: Final[tuple[type[BaseException], ...]] = tuple(
    getattr(airflow_exceptions, name)
    for name in ("TaskDeferred", "TaskAwaitingInput", "AirflowRescheduleException")
    if hasattr(airflow_exceptions, name)  # Airflow 3.3 introduced TaskAwaitingInput
)
"""The task is deferred or rescheduled, and continues later in another process."""

UNFINISHED: Final[tuple[type[BaseException], ...]] = (*WAITING, DagRunTriggerException)
"""The task's work is not done yet: it waits, or Airflow triggers a run for it afterwards."""

STEERING: Final[tuple[type[BaseException], ...]] = (
    *UNFINISHED,
    AirflowSkipException,
    DownstreamTasksSkipped,
)
"""All of these exceptions. ``AirflowFailException`` is not one of them: it is an error that no retry can fix."""
