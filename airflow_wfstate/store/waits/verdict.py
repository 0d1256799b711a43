"""What a wait's target says now: it has come, it can no longer come, the time is over, or none of these."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, select

from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.domain.rules.step_name import StepName
from airflow_wfstate.domain.rules.text.error_line import error_line
from airflow_wfstate.domain.rules.waiting import (
    WaitKind,
    WaitOutcome,
    can_still_become,
    states_of,
    step_can_still_become,
)
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.events.find_event import FoundEvent, find_event

_workflow: Final = schema.workflow
_step: Final = schema.step


@dataclass(frozen=True)
class Verdict:
    """The state of a wait.

    :param outcome: None while it continues.
    :param reason: why it ended without success, in one sentence.
    :param workflow_id: the workflow found to be the awaited one; None while there is none.
    :param state: the state in which that workflow or step was found; None if it does not exist.
    :param output: what came: the data of an event.
    """

    outcome: WaitOutcome | None
    reason: str | None = None
    workflow_id: str | None = None
    state: str | None = None
    output: Payload | None = None


def judge(connection: Connection, wait: Row[Any], now: datetime) -> Verdict:
    """Check the target of an open wait."""
    if wait.kind == WaitKind.TOKEN.value:
        return _in_time(Verdict(None), wait, now, "Nobody used the token")
    workflow = _read_workflow(connection, wait)
    if wait.kind == WaitKind.EVENT.value:
        return _judge_event(connection, wait, workflow, now)
    target = json.loads(wait.target)
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


def _judge_event(connection: Connection, wait: Row[Any], workflow: Row[Any] | None, now: datetime) -> Verdict:
    called = _called(wait, workflow, "workflow")
    found = _read_event(connection, wait, workflow)
    workflow_id = None if workflow is None else workflow.id
    if found is not None:
        content = found.body.open().value()
        data = content.get("data", content.get("data_base64")) if isinstance(content, dict) else None
        return Verdict(WaitOutcome.ARRIVED, None, workflow_id, output=Payload.of(data))
    missing = f"No event {wait.target_event} of {called} came"
    if workflow is None:
        return _in_time(Verdict(None), wait, now, f"{missing}: the workflow has not started")
    if f",{workflow.state}," in wait.workflow_wakes:
        reason = f"{missing}, and it can no longer count: the workflow is {workflow.state}."
        return Verdict(WaitOutcome.IMPOSSIBLE, reason, workflow_id)
    step = _read_contradiction(connection, wait, workflow.id)
    if step is not None:
        why = "" if step.error is None else f" ({error_line(step.error)})"
        label = StepName(step.participant, step.name).label
        return Verdict(WaitOutcome.IMPOSSIBLE, f"{missing}: step {label} is {step.state}{why}.", workflow_id)
    return _in_time(Verdict(None, workflow_id=workflow_id), wait, now, missing)


def _read_event(connection: Connection, wait: Row[Any], workflow: Row[Any] | None) -> FoundEvent | None:
    """The event, including one that waits for its workflow to start."""
    if workflow is not None:
        return find_event(connection, wait.target_event, workflow_id=workflow.id)
    if wait.target_correlation_id is not None:
        return find_event(connection, wait.target_event, correlation_id=wait.target_correlation_id)
    return find_event(connection, wait.target_event, name=wait.target_name, key=wait.target_key)


def _read_contradiction(connection: Connection, wait: Row[Any], workflow_id: str) -> Row[Any] | None:
    """The step of the event, if another event has said the opposite about it."""
    if wait.target_participant is None:
        return None
    read: Select[Any] = select(_step.c.participant, _step.c.name, _step.c.state, _step.c.error).where(
        _step.c.workflow_id == workflow_id,
        _step.c.participant == wait.target_participant,
        _step.c.name == wait.target_step,
        _step.c.item_key == "",
    )
    found = connection.execute(read).first()
    return found if found is not None and f",{found.state}," in wait.step_wakes else None


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
    if wait.target_correlation_id is not None:
        of_it = read.where(_workflow.c.correlation_id == wait.target_correlation_id)
    else:
        of_it = read.where(_workflow.c.name == wait.target_name, _workflow.c.key == wait.target_key)
    first = of_it.order_by(_workflow.c.generation, _workflow.c.started_at).limit(1)
    return connection.execute(first).one_or_none()


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
    if wait.target_key is None:
        return f"{noun} with the correlation id {wait.target_correlation_id}"
    return f"{noun} {wait.target_name} / {wait.target_key}{generation}"


def _either(targets: Sequence[WorkflowState] | Sequence[StepState]) -> str:
    return " or ".join(state.value for state in targets)
