"""Tell Airflow whether to retry after the store refused a request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException

from airflow_wfstate.exceptions import LoginRefused, Unavailable, WorkflowStateError, WorkflowUnfinished


@contextmanager
def failing_for_good() -> Iterator[None]:
    """Turn a refusal that a retry would not change into ``AirflowFailException``, with the same text.

    ``Unavailable``, ``WorkflowUnfinished`` and ``LoginRefused`` pass unchanged. They may go away with time, or when
    someone corrects the password, so the task's retries apply.
    """
    try:
        yield
    except (Unavailable, WorkflowUnfinished, LoginRefused):
        raise
    except WorkflowStateError as error:
        raise AirflowFailException(str(error)) from error
