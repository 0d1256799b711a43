"""What a wait's target says now: it has come, it cannot come any more, the time is over, or none of these."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, select

from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.domain.rules.step_name import StepName
from airflow_wfstate.domain.rules.waiting import (
    WaitKind,
    WaitOutcome,
    can_still_become,
    states_of,
    step_can_still_become,
)
from airflow_wfstate.store.database import schema

_workflow: Final = schema.workflow
_step: Final = schema.step


@dataclass(frozen=True)
class Verdict:
    """How a wait stands.

    :param outcome: None while it goes on.
    :param reason: of an end without success, in one sentence.
    :param workflow_id: that was found to be the one that is waited for; None while there is none.
    :param state: in which that workflow, or the step, was found; None where it is not there.
    """

    outcome: WaitOutcome | None
    reason: str | None = None
    workflow_id: str | None = None
    state: str | None = None


def judge(connection: Connection, wait: Row[Any], now: datetime) -> Verdict:
    """Look at what an open wait waits for."""
    if wait.kind == WaitKind.TOKEN.value:
        return _in_time(Verdict(None), wait, now, "Nobody used the token")
    target = json.loads(wait.target)
    workflow = _read_workflow(connection, wait)
    if wait.kind == WaitKind.STEP.value:
        return _judge_step(connection, wait, workflow, states_of(StepState, target["states"]), now)
    return _judge_workflow(wait, workflow, states_of(WorkflowState, target["states"]), now)


def _judge_workflow(
    wait: Row[Any], workflow: Row[Any] | None, targets: Sequence[WorkflowState], now: datetime
) -> Verdict:
    called = _called(wait, workflow)
    if workflow is None:
        return _in_time(Verdict(None), wait, now, f"{called} did not start")
    state = WorkflowState(workflow.state)
    verdict = Verdict(None, workflow_id=workflow.id, state=state.value)
    if state in targets:
        return Verdict(WaitOutcome.ARRIVED, None, workflow.id, state.value)
    if not can_still_become(state, targets):
        reason = f"{called} is {state.value} and can no longer become {_either(targets)}."
        return Verdict(WaitOutcome.IMPOSSIBLE, reason, workflow.id, state.value)
    return _in_time(verdict, wait, now, f"{called} did not become {_either(targets)}: it is {state.value}")


def _judge_step(
    connection: Connection, wait: Row[Any], workflow: Row[Any] | None, targets: Sequence[StepState], now: datetime
) -> Verdict:
    step = StepName(wait.target_participant, wait.target_step, wait.target_item_key or "").label
    called = f"Step {step} of {_called(wait, workflow, 'workflow')}"
    if workflow is None:
        return _in_time(Verdict(None), wait, now, f"{called} did not begin: the workflow has not started")
    found = _read_steps(connection, wait, workflow.id)
    arrived = next((state for state in found if state in targets), None)
    if arrived is not None:
        return Verdict(WaitOutcome.ARRIVED, None, workflow.id, arrived.value)
    of_workflow = WorkflowState(workflow.state)
    state = found[0].value if found else None
    is_ = "has not begun" if state is None else f"is {state}"
    if not any(step_can_still_become(of_workflow, each, targets) for each in found or (None,)):
        reason = f"{called} {is_} and can no longer become {_either(targets)}: the workflow is {of_workflow.value}."
        return Verdict(WaitOutcome.IMPOSSIBLE, reason, workflow.id, state)
    verdict = Verdict(None, workflow_id=workflow.id, state=state)
    return _in_time(verdict, wait, now, f"{called} did not become {_either(targets)}: it {is_}")


def _in_time(verdict: Verdict, wait: Row[Any], now: datetime, otherwise: str) -> Verdict:
    """The verdict, unless the time is over.

    :param otherwise: what did not happen, as a sentence without its full stop.
    """
    if wait.deadline_at is None or now < wait.deadline_at:
        return verdict
    moment = wait.deadline_at.isoformat(timespec="seconds")
    return Verdict(WaitOutcome.EXPIRED, f"{otherwise} (until {moment}).", verdict.workflow_id, verdict.state)


def _read_workflow(connection: Connection, wait: Row[Any]) -> Row[Any] | None:
    read: Select[Any] = select(_workflow.c.id, _workflow.c.state, _workflow.c.generation)
    if wait.target_workflow_id is not None:
        return connection.execute(read.where(_workflow.c.id == wait.target_workflow_id)).one_or_none()
    of_key = read.where(_workflow.c.name == wait.target_name, _workflow.c.key == wait.target_key)
    return connection.execute(of_key.order_by(_workflow.c.generation).limit(1)).one_or_none()


def _read_steps(connection: Connection, wait: Row[Any], workflow_id: str) -> list[StepState]:
    """The states of the step at each place where its participant takes part."""
    rows = connection.execute(
        select(_step.c.state).where(
            _step.c.workflow_id == workflow_id,
            _step.c.participant == wait.target_participant,
            _step.c.name == wait.target_step,
            _step.c.item_key == (wait.target_item_key or ""),
        )
    )
    return [StepState(state) for state in rows.scalars()]


def _called(wait: Row[Any], workflow: Row[Any] | None, noun: str = "Workflow") -> str:
    generation = "" if workflow is None or workflow.generation == 1 else f", generation {workflow.generation}"
    return f"{noun} {wait.target_name} / {wait.target_key}{generation}"


def _either(targets: Sequence[WorkflowState] | Sequence[StepState]) -> str:
    return " or ".join(state.value for state in targets)
