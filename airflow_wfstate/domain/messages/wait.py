"""A wait: a task that waits, deferred, for a workflow, for a step, for an event, or for somebody outside."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from airflow_wfstate.domain.messages.operation import Operation, Who
from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.waiting import WaitKind, WaitOutcome

MAX_WAITS: Final = 1000
"""Waits that one look may ask for."""

MAX_TIMEOUT_SECONDS: Final = 10 * 366 * 86_400
"""The longest time that a wait may take."""


@dataclass(frozen=True)
class WaitTarget:
    """What a task waits for: one of some states, of a workflow or of a step; or an event about a workflow.

    Which workflow is meant is settled once, when the wait is registered: the newest generation of the key at that time.
    Where there is none yet, it is the first one that starts.

    :param kind: ``workflow``, ``step`` or ``event``.
    :param name: of the workflow. Of a wait for an event it may be empty: the one to which the task's run belongs.
    :param key: of the workflow. Of a wait for an event it may be empty: the task's own workflow is meant then, unless
        there is a correlation id.
    :param states: at least one; of the workflow, or of the step. Empty for an event.
    :param participant: of the step; empty for a workflow.
    :param step: its name; empty for a workflow.
    :param item_key: of the item of a mapped step; empty for a step that is not mapped.
    :param event: the type of the event; empty for a workflow or step.
    :param correlation_id: of the workflow, in place of its key, where an event is waited for; empty for none.
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
    """The request of a task to wait, or to learn how its wait has ended.

    A task has one wait. Its next try continues it: since when it waits, until when, and which workflow is meant all
    stay. It begins anew when the target is another one, when the task had succeeded and was cleared, and for a try
    that follows one that failed because the wait had ended without success.

    :param attempt_key: of the attempt of a step that waits, from
        :class:`~airflow_wfstate.domain.messages.step.BegunStep`: the wait then belongs to the step's round. None for a
        task that is no step. Required for an event.
    :param timeout_seconds: how long to wait, counted from the first registration; None for no limit. A try that gives
        another time moves the end.
    :param idempotency_key: sent again with the same body after the wait has ended, it answers as the first time; None
        for no such protection (the request can be sent again in any case).
    """

    task_instance_id: str
    target: WaitTarget
    timeout_seconds: float | None = None
    attempt_key: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True)
class RegisteredWait:
    """How a wait stands.

    :param wait_id: by which :class:`LookAtWaits` asks for it. Treat it as a secret: who has it may learn that the wait
        has ended, though nothing else.
    :param deadline_at: when it ends unsuccessfully; None for never.
    :param outcome: None while it goes on.
    :param reason: in one sentence, when it ended without success; None otherwise.
    :param workflow: that is waited for, or which the step or event is of; None when it has not started.
    :param state: of that workflow, or of the step, in which it was found at the end; None when there is none.
    :param output: of a wait for a token: what was sent with it; of a wait for an event: the event's data.
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
    """The question of a triggerer which of its waits have ended.

    :param wait_ids: at most 1,000.
    """

    wait_ids: list[str]


@dataclass(frozen=True)
class EndedWaits:
    """Those of the waits that have ended.

    :param wait_ids: in no order; one that the store does not know any more is among them, for its task to find out.
    """

    wait_ids: list[str]


REGISTER_WAIT: Final = Operation(
    name="register_wait",
    method="POST",
    path="/waits",
    request=RegisterWait,
    answer=RegisteredWait,
    says="Wait for a state of a workflow or of a step or for an event, or learn how the task's wait has ended.",
    who=Who.TASK,
    tag="waits",
)

LOOK_AT_WAITS: Final = Operation(
    name="look_at_waits",
    method="POST",
    path="/waits/look",
    request=LookAtWaits,
    answer=EndedWaits,
    says="Which of up to 1,000 waits have ended: what a triggerer asks for all of its tasks at once.",
    who=Who.WAITER,
    tag="waits",
)
