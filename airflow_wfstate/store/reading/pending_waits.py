"""What a workflow waits for: waits of its steps, reports of services, and confirmations of compensations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from airflow_wfstate.domain.messages.reading.pending_wait import MAX_PENDING_WAITS, PendingKind, PendingWait
from airflow_wfstate.domain.messages.reading.step_group import StepGroup
from airflow_wfstate.domain.rules.definition import Definition
from airflow_wfstate.domain.rules.plan import PlannedStep
from airflow_wfstate.domain.rules.services.awaited import BegunStep, awaited_steps, service_steps
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, CompensationState, WorkflowState
from airflow_wfstate.domain.rules.step_name import StepName
from airflow_wfstate.domain.rules.waiting import WaitKind
from airflow_wfstate.store.database import schema, wait_tables
from airflow_wfstate.store.definitions.applied import choreography_of
from airflow_wfstate.store.workflows.places import STEP_IDENTITY, read_places

_step, _compensation, _wait = schema.step, schema.compensation, wait_tables.wait


@dataclass(frozen=True)
class WaitingWorkflow:
    """What is already known about the workflow.

    :param groups: its begun steps.
    """

    id: str
    name: str
    state: WorkflowState
    started_at: datetime
    definition: Definition
    groups: Sequence[StepGroup]


def read_pending_waits(connection: Connection, workflow: WaitingWorkflow) -> tuple[list[PendingWait], int]:
    """What it waits for now, services first, and how many more waits the answer leaves out."""
    found = list(_of_services(connection, workflow))
    rows = connection.execute(_of_steps(workflow.id).limit(MAX_PENDING_WAITS + 1)).all()
    places = read_places(connection, ((row.participant, row.place) for row in rows))
    found += [_wait_of_step(row, places.name(row)) for row in rows]
    further = len(found) - MAX_PENDING_WAITS
    if len(rows) > MAX_PENDING_WAITS:
        counted = connection.execute(select(func.count()).select_from(_of_steps(workflow.id).subquery())).scalar_one()
        further += counted - len(rows)
    return found[:MAX_PENDING_WAITS], max(0, further)


def begun_steps(groups: Sequence[StepGroup]) -> list[BegunStep]:
    """The steps of a workflow in the form that the rule for awaited steps takes."""
    return [
        BegunStep(
            PlannedStep(group.participant, group.name, group.state, group.called.place, group.items),
            group.started_at,
            group.updated_at,
            is_of_service=group.attempts == 0,
        )
        for group in groups
    ]


def _of_services(connection: Connection, workflow: WaitingWorkflow) -> Iterator[PendingWait]:
    choreography = choreography_of(connection, workflow.name, workflow.definition)
    if choreography is None:
        return
    if workflow.state is WorkflowState.RUNNING:
        known = service_steps(workflow.definition.plan, choreography)
        for step in awaited_steps(workflow.definition.plan, known, begun_steps(workflow.groups), workflow.started_at):
            happens = "how it ended" if step.has_begun else "that it began or ended"
            yield PendingWait(
                kind=PendingKind.SERVICE,
                waiter=StepName(step.service, step.step).label,
                what=f"{step.service} to report {happens}",
                since=step.since,
                until=None,
                participant=step.service,
                name=step.step,
                step_id=None,
                has_begun=step.has_begun,
            )
    elif workflow.state is WorkflowState.COMPENSATING:
        for row in connection.execute(undo_requests().where(_compensation.c.workflow_id == workflow.id)):
            yield _undo(row)


def undo_requests() -> Select[Any]:
    """Compensations that services were asked for and have not confirmed; no relay runs them."""
    return (
        select(_compensation.c.step_id, _compensation.c.started_at, _compensation.c.answer_due_at, *STEP_IDENTITY)
        .join(_step, _step.c.id == _compensation.c.step_id)
        .where(
            _compensation.c.state == CompensationState.RUNNING.value,
            _compensation.c.answer_due_at.is_not(None),
        )
    )


def _undo(row: Any) -> PendingWait:
    return PendingWait(
        kind=PendingKind.UNDO,
        waiter=StepName(row.participant, row.name).label,
        what=f"{row.participant} to confirm that it is undone",
        since=row.started_at,
        until=row.answer_due_at,
        participant=row.participant,
        name=row.name,
        step_id=row.step_id,
    )


def _of_steps(workflow_id: str) -> Select[Any]:
    """Open waits of the workflow's steps, the oldest first."""
    return (
        select(
            _wait.c.kind, _wait.c.target, _wait.c.target_step, _wait.c.registered_at, _wait.c.deadline_at,
            _wait.c.step_id, *STEP_IDENTITY,
        )
        .join(_step, (_step.c.id == _wait.c.step_id) & (_step.c.round == _wait.c.round))
        .where(
            _step.c.workflow_id == workflow_id,
            _step.c.state.in_([state.value for state in OPEN_STEP_STATES]),
            _wait.c.step_id.is_not(None),  # lets PostgreSQL use the index
            _wait.c.ended_at.is_(None),
        )
        .order_by(_wait.c.registered_at, _wait.c.id)
    )  # fmt: skip


def _wait_of_step(row: Any, name: StepName) -> PendingWait:
    kind = WaitKind(row.kind)
    return PendingWait(
        kind=PendingKind(kind.value),
        waiter=name.label,
        what=_words(kind, json.loads(row.target)) if kind is not WaitKind.TOKEN else _token(row.target_step),
        since=row.registered_at,
        until=row.deadline_at,
        participant=row.participant,
        name=row.name,
        step_id=row.step_id,
    )


def _token(name: str | None) -> str:
    return f"an answer from outside, by a token of its wait {name}"


def _words(kind: WaitKind, target: dict[str, Any]) -> str:
    """What is awaited, described from the stored target."""
    about = f" about {target['name']}/{target['key']}" if target.get("key") else ""
    if kind is WaitKind.EVENT:
        correlated = f" with the correlation id {target['correlation_id']}" if target.get("correlation_id") else about
        return f"an event {target['event']}{correlated}"
    states = " or ".join(target["states"])
    if kind is WaitKind.WORKFLOW:
        return f"workflow {target['name']}/{target['key']} to become {states}"
    step = StepName(target["participant"], target["step"], target.get("item_key") or "").label
    return f"step {step} of workflow {target['name']}/{target['key']} to become {states}"
