"""A refusal of the store, as Airflow should take it: retried or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException

from airflow_wfstate.exceptions import LoginRefused, Unavailable, WorkflowStateError, WorkflowUnfinished


@contextmanager
def failing_for_good() -> Iterator[None]:
    """Turn a refusal that would be the same at the next try into ``AirflowFailException``, with its text.

    ``Unavailable``, ``WorkflowUnfinished`` and ``LoginRefused`` pass as they are: time may heal them, or somebody who
    corrects the password, so the task's retries apply.
    """
    try:
        yield
    except (Unavailable, WorkflowUnfinished, LoginRefused):
        raise
    except WorkflowStateError as error:
        raise AirflowFailException(str(error)) from error
