"""A step that waits: return the result of its wait, or defer until there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import TaskDeferred

from airflow_wfstate.backends.codec import decode
from airflow_wfstate.domain.rules.waiting import WaitOutcome
from airflow_wfstate.exceptions import WaitFailed, WaitTimedOut
from airflow_wfstate.operators.steps.waiting import ASK_AGAIN

if TYPE_CHECKING:
    from airflow_wfstate.domain.messages.wait import RegisteredWait


def output_of(wait: RegisteredWait, conn_id: str, remedy: str) -> Any:
    """Return what was sent, or the event's data. Until then the task is deferred, after which the step begins again.

    :param conn_id: the Airflow connection with which the trigger reaches the store.
    :param remedy: what to do if nothing arrives.
    :raises TaskDeferred: the wait is not over.
    :raises WaitTimedOut: nothing arrived in time.
    :raises WaitFailed: nothing can arrive any more.
    """
    if wait.outcome is WaitOutcome.ARRIVED:
        return None if wait.output is None else decode(wait.output)
    if wait.outcome is WaitOutcome.EXPIRED:
        raise WaitTimedOut(wait.reason or "The wait timed out.", remedy)
    if wait.outcome is not None:
        raise WaitFailed(wait.reason or "The wait cannot succeed any more.", remedy)
    # Imported only when needed, so that DAG files parse faster.
    from airflow_wfstate.triggers.wait import WaitTrigger

    # The method for a task that has done nothing yet: the step starts from the beginning, with the same attempt.
    raise TaskDeferred(trigger=WaitTrigger(wait.wait_id, conn_id), method_name=ASK_AGAIN)
