"""A compensation: the undo of a round, and the turn to run the next one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from airflow_wfstate.domain.messages.operation import MASKED, Operation, Who
from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import CompensationState
from airflow_wfstate.domain.rules.undo_order import CompensateWhen


@dataclass(frozen=True)
class CompensationDeclaration:
    """The undo that a step declares when it begins.

    :param handler: how the relay finds the function: ``task:<task id>`` (the function that the task with this
        id declares, in the DAG of the step) or ``module:function``.
    :param when: which rounds are undone.
    :param max_attempts: how often the relay tries it before it counts as failed; at least 1.
    """

    handler: str
    when: CompensateWhen = CompensateWhen.ATTEMPTED
    max_attempts: int = 3


class TurnDecision(str, Enum):
    """What a relay gets when it asks for the turn.

    ``compensate``: here is a compensation of this run; ``handed_over``: the next one belongs to another run, whose
    relay gets the turn; ``not_at_rest``: a step is still open; ``nothing``: the workflow is not to be compensated;
    ``finished``: every compensation is done; ``held``: a person must decide.
    """

    COMPENSATE = "compensate"
    HANDED_OVER = "handed_over"
    NOT_AT_REST = "not_at_rest"
    NOTHING = "nothing"
    FINISHED = "finished"
    HELD = "held"


@dataclass(frozen=True)
class TakeTurn:
    """A relay's question whether there is a compensation for its run.

    :param task_instance_id: of the relay; it must be running.
    :param leaf_task_ids: the effective leaves of its DAG, by which Airflow judges the run
        (``DagRun.update_state``): tasks, teardowns left out, that have nothing but teardowns below them.
    :param idempotency_key: sent again with the same body, the question gets the first answer, also when that was to ask
        again later: the next question needs another key. None: it is answered anew each time.
    """

    task_instance_id: str
    leaf_task_ids: list[str]
    idempotency_key: str | None = None


@dataclass(frozen=True)
class CompensationWork:
    """One compensation to run now.

    :param attempt: of the compensation, from 1.
    :param max_attempts: after this many the failure is final.
    :param compensation_key: what the report of this attempt carries.
    :param idempotency_key: of the undo, the same on every attempt of it.
    :param step_idempotency_key: the forward round's own.
    :param output: of the round; None when it has none (it failed, or is lost).
    :param error: why the workflow is undone: its first error, or who cancelled it and for what reason, or the deadline
        that has passed.
    """

    step_id: str
    step_name: str
    item_key: str
    round: int
    participant: str
    handler: str
    attempt: int
    max_attempts: int
    compensation_key: str
    idempotency_key: str
    step_idempotency_key: str
    output: Payload | None
    error: str | None


@dataclass(frozen=True)
class TurnAnswer:
    """The answer to :class:`TakeTurn`.

    :param work: when the decision is ``compensate``.
    :param reason: one sentence for the relay's log.
    """

    decision: TurnDecision
    workflow: WorkflowRef | None
    reason: str
    work: CompensationWork | None = None


@dataclass(frozen=True)
class EndCompensation:
    """How an attempt of a compensation ended.

    :param compensation_key: from :class:`CompensationWork`.
    :param succeeded: whether the undo is done, or there was nothing to undo.
    :param error: required unless it succeeded.
    :param may_retry: whether an attempt that failed may be followed by another; False when it would fail in the same
        way, or must not be tried again: the compensation has failed for good then, whatever attempts are left.
    :param nothing_to_undo: why there was nothing to undo, of one that succeeded; None when something was undone.
    :param idempotency_key: sent again with the same body, it answers as the first time; None for no such protection (an
        attempt ends once in any case).
    """

    compensation_key: str
    succeeded: bool
    error: str | None = field(default=None, metadata=MASKED)
    may_retry: bool = True
    nothing_to_undo: str | None = field(default=None, metadata=MASKED)
    idempotency_key: str | None = None


@dataclass(frozen=True)
class EndedCompensation:
    """The answer to :class:`EndCompensation`.

    :param state: ``done``, ``not_needed`` (there was nothing to undo), ``running`` (it failed, and may be tried again)
        or ``failed`` (for good).
    """

    step_id: str
    round: int
    state: CompensationState


@dataclass(frozen=True)
class CompensationSummary:
    """A compensation as people see it."""

    round: int
    handler: str
    state: CompensationState
    when: CompensateWhen
    attempts: int
    max_attempts: int
    error: str | None
    started_at: datetime | None
    ended_at: datetime | None


TAKE_TURN: Final = Operation(
    name="take_turn",
    method="POST",
    path="/compensations/turn",
    request=TakeTurn,
    answer=TurnAnswer,
    says="Judge the relay's run, and get the next compensation if it belongs to that run.",
    who=Who.TASK,
    tag="compensations",
)

END_COMPENSATION: Final = Operation(
    name="end_compensation",
    method="POST",
    path="/compensations/end",
    request=EndCompensation,
    answer=EndedCompensation,
    says="Record how an attempt of a compensation ended.",
    who=Who.COMPENSATION,
    tag="compensations",
)
