"""A step that waits: what its wait has brought, or its deferral until there is something to tell."""

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
    """What was sent, or said by the event. While nothing has come the task is deferred; the step then begins again.

    :param conn_id: the Airflow connection by which the trigger reaches the store.
    :param remedy: what helps when nothing comes.
    :raises TaskDeferred: the wait goes on.
    :raises WaitTimedOut: nothing came in time.
    :raises WaitFailed: nothing can come any more.
    """
    if wait.outcome is WaitOutcome.ARRIVED:
        return None if wait.output is None else decode(wait.output)
    if wait.outcome is WaitOutcome.EXPIRED:
        raise WaitTimedOut(wait.reason or "The time of the wait is over.", remedy)
    if wait.outcome is not None:
        raise WaitFailed(wait.reason or "The wait is in vain.", remedy)
    # Imported when needed, as DAG files need not wait for it.
    from airflow_wfstate.triggers.wait import WaitTrigger

    # The method of a task that has done nothing yet: the step begins from its start, with the same attempt.
    raise TaskDeferred(trigger=WaitTrigger(wait.wait_id, conn_id), method_name=ASK_AGAIN)
