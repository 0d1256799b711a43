"""Compensations, each the undo of a round, and the turn to run the next one."""

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
    """The compensation that a step declares when it begins.

    :param handler: how the relay finds the function: ``task:<task id>`` (declared by the task with this id in the
        step's DAG) or ``module:function``.
    :param when: which rounds are compensated.
    :param max_attempts: how many times the relay tries it before it counts as failed; at least 1.
    """

    handler: str
    when: CompensateWhen = CompensateWhen.ATTEMPTED
    max_attempts: int = 3


class TurnDecision(str, Enum):
    """The answer to a relay that asks for the turn.

    ``compensate``: here is a compensation of this run. ``handed_over``: the next one belongs to another run, whose
    relay gets the turn. ``not_at_rest``: a step is still open. ``nothing``: the workflow is not to be compensated.
    ``finished``: every compensation is done. ``held``: the workflow is on hold until an operator decides.
    """

    COMPENSATE = "compensate"
    HANDED_OVER = "handed_over"
    NOT_AT_REST = "not_at_rest"
    NOTHING = "nothing"
    FINISHED = "finished"
    HELD = "held"


@dataclass(frozen=True)
class TakeTurn:
    """A relay's request for the next compensation of its run.

    :param task_instance_id: id of the relay's task instance, which must be running.
    :param leaf_task_ids: the effective leaves of its DAG, which determine the state of the run in Airflow
        (``DagRun.update_state``): tasks that are not teardowns, and have only teardowns downstream.
    :param idempotency_key: a request that is sent again with the same key and body gets the first answer, even if that
        was to ask again later; the next request needs another key. None for a new answer each time.
    """

    task_instance_id: str
    leaf_task_ids: list[str]
    idempotency_key: str | None = None


@dataclass(frozen=True)
class CompensationWork:
    """One compensation to run now.

    :param attempt: number of the compensation's attempt, from 1.
    :param max_attempts: the failure is final after this many attempts.
    :param compensation_key: the key that the report of this attempt must carry.
    :param idempotency_key: the same for every attempt of the compensation.
    :param step_idempotency_key: the idempotency key of the round.
    :param output: the round's output; None if it has none (it failed, or is lost).
    :param error: why the workflow is compensated: its first error, or who cancelled it and why, or the deadline that
        has passed.
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

    :param work: the compensation, if the decision is ``compensate``.
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
    :param succeeded: whether the compensation is done, or there was nothing to undo.
    :param error: the error; required if it failed.
    :param may_retry: whether a failed attempt may be followed by another. False if it would fail again, or must not be
        repeated. The compensation has then failed permanently, even if attempts are left.
    :param nothing_to_undo: why there was nothing to undo; None if something was undone, or it failed.
    :param idempotency_key: a request that is sent again with the same key and body gets the first answer; None for no
        such protection (an attempt ends only once in any case).
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

    :param state: ``done``, ``not_needed`` (there was nothing to undo), ``running`` (it failed, and may be retried) or
        ``failed`` (permanently).
    """

    step_id: str
    round: int
    state: CompensationState


@dataclass(frozen=True)
class CompensationSummary:
    """A compensation, for display."""

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
    says="Evaluate the relay's run, and get the next compensation if it belongs to that run.",
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
