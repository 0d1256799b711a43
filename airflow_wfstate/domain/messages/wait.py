"""A wait: a deferred task that waits for a workflow, a step, an event, or an external partner."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from airflow_wfstate.domain.messages.operation import Operation, Who
from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.waiting import WaitKind, WaitOutcome

MAX_WAITS: Final = 1000
"""The most waits in one poll."""

MAX_TIMEOUT_SECONDS: Final = 10 * 366 * 86_400
"""The longest time that a wait may take."""


@dataclass(frozen=True)
class WaitTarget:
    """What a task waits for: one of several states of a workflow or a step, or an event about a workflow.

    The workflow is chosen once, when the wait is registered: it is the newest generation of the key at that time, or,
    if there is none yet, the first one that starts.

    :param kind: ``workflow``, ``step`` or ``event``.
    :param name: name of the workflow. For an event it may be empty, which means the name of the task's own workflow.
    :param key: key of the workflow. For an event it may be empty, which means the task's own workflow unless there is a
        correlation id.
    :param states: the states of the workflow or the step, at least one; empty for an event.
    :param participant: participant of the step; empty for a workflow.
    :param step: name of the step; empty for a workflow.
    :param item_key: item key of a mapped step; empty for a step that is not mapped.
    :param event: type of the event; empty for a workflow or step.
    :param correlation_id: for an event, the correlation id of the workflow instead of its key; empty for none.
    """

    kind: WaitKind
    name: str
    key: str
    states: list[str] = field(default_factory=list)
    participant: str = ""
    step: str = ""
    item_key: str = ""
    event: str = ""
    correlation_id: str = ""


@dataclass(frozen=True)
class RegisterWait:
    """A task's request to wait, or to find out how its wait ended.

    A task has one wait. Its next try continues the wait, with the same start, end and workflow. A new wait begins if
    the target has changed, if the task had succeeded and was cleared, or if the previous try failed because the wait
    had ended without success.

    :param attempt_key: key of the step's attempt that waits, from
        :class:`~airflow_wfstate.domain.messages.step.BegunStep`. The wait then belongs to the step's round. None for a
        task that is not a step. Required for an event.
    :param timeout_seconds: how long to wait, counted from the first registration; None for no limit. A later try can
        change it.
    :param idempotency_key: a request that is sent again with the same key and body, after the wait has ended, gets the
        first answer; None for no such protection (the request can be sent again in any case).
    """

    task_instance_id: str
    target: WaitTarget
    timeout_seconds: float | None = None
    attempt_key: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True)
class RegisteredWait:
    """The current state of a wait.

    :param wait_id: its id for :class:`LookAtWaits`. Treat it as a secret: anyone who has it can find out whether the
        wait has ended, but nothing else.
    :param deadline_at: when it ends without success; None for never.
    :param outcome: how it ended; None while it is not over.
    :param reason: why it ended without success, in one sentence; otherwise None.
    :param workflow: the workflow that it waits for, or that the step or event belongs to; None if it has not started.
    :param state: the state of that workflow or step at the end of the wait; None if there is none.
    :param output: for a token, what was sent with it; for an event, the event's data.
    """

    wait_id: str
    registered_at: datetime
    deadline_at: datetime | None
    outcome: WaitOutcome | None = None
    reason: str | None = None
    workflow: WorkflowRef | None = None
    state: str | None = None
    output: Payload | None = None


@dataclass(frozen=True)
class LookAtWaits:
    """A triggerer's request to find out which of its waits have ended.

    :param wait_ids: up to 1,000 ids.
    """

    wait_ids: list[str]


@dataclass(frozen=True)
class EndedWaits:
    """The waits that have ended.

    :param wait_ids: their ids, in no particular order, including those that the store no longer knows, so that their
        tasks find out.
    """

    wait_ids: list[str]


REGISTER_WAIT: Final = Operation(
    name="register_wait",
    method="POST",
    path="/waits",
    request=RegisterWait,
    answer=RegisteredWait,
    says="Wait for a state of a workflow or step, or for an event; or find out how the task's wait ended.",
    who=Who.TASK,
    tag="waits",
)

LOOK_AT_WAITS: Final = Operation(
    name="look_at_waits",
    method="POST",
    path="/waits/look",
    request=LookAtWaits,
    answer=EndedWaits,
    says="Find out which of up to 1,000 waits have ended. A triggerer asks for all of its tasks at once.",
    who=Who.WAITER,
    tag="waits",
)
