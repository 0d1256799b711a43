"""Undo a workflow because a person asked for it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, select, update
from sqlalchemy.orm import Session

from airflow_wfstate.domain.messages.code import Code
from airflow_wfstate.domain.messages.compensate import (
    CompensatedWorkflow,
    CompensatePlan,
    CompensateWorkflow,
    IrreversibleStep,
    PlannedCompensation,
)
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.way import Way
from airflow_wfstate.domain.rules.end_reason import end_reason
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.states import CompensationState, StepState, WorkflowState
from airflow_wfstate.domain.rules.text.reason import MAX_REASON_LENGTH
from airflow_wfstate.exceptions import WorkflowClosed
from airflow_wfstate.redaction import recorded_text
from airflow_wfstate.store.actions.cancel import cancel_locked
from airflow_wfstate.store.actions.judgement import Judgement, describe, why_nothing_changes
from airflow_wfstate.store.compensation.obstacle import CompensationObstacles
from airflow_wfstate.store.compensation.pending import PendingCompensation, pending_compensations
from airflow_wfstate.store.compensation.pivot import why_only_forward
from airflow_wfstate.store.compensation.relay_code import read_relay_code
from airflow_wfstate.store.compensation.rest import come_to_rest
from airflow_wfstate.store.compensation.staying_steps import read_staying_steps, undo_counts
from airflow_wfstate.store.compensation.take_turn import give_turn
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.transaction import Contention, Unchanged
from airflow_wfstate.store.payloads.shown_payload import shown
from airflow_wfstate.store.runs.fail import unfinished_tasks
from airflow_wfstate.store.steps.row import open_steps
from airflow_wfstate.store.steps.undo_order import IS_NOT_NEEDED, has_something_to_undo
from airflow_wfstate.store.workflows.change import Change, lock_by_id
from airflow_wfstate.store.workflows.id import check_exists
from airflow_wfstate.store.workflows.places import read_places
from airflow_wfstate.store.workflows.reference import read_reference

_DECIDED: Final = (CompensationState.DONE.value, CompensationState.SKIPPED.value)

_GO_FORWARD: Final = {
    WorkflowState.RUNNING: "Let it finish; see what it is doing with: airflow wfstate show {}",
    WorkflowState.FAILED: "Let it finish: airflow wfstate resume {}",
    WorkflowState.SUCCEEDED: "It has finished. Undo its work manually; see what it did with: airflow wfstate show {}",
}
"""What to do about a workflow whose pivot is done, by its state."""


def compensate_workflow(
    connection: Connection, request: CompensateWorkflow
) -> CompensatedWorkflow | Unchanged[CompensatedWorkflow]:
    """Undo the workflow, as described at ``StateBackend.compensate_workflow``."""
    request = replace(request, workflow_id=check_exists(connection, request.workflow_id))
    change = lock_by_id(connection, request.workflow_id, request.actor)
    if change is None:
        raise Contention(f"workflow {request.workflow_id} has just been deleted")
    change.check_version(request.if_version)
    judged = _judge(connection, change.workflow_id, change.state)
    if judged.next_state is change.state:
        return Unchanged(CompensatedWorkflow(change.ref(), changed=False, outcome=judged.outcome))
    outcome = _described(connection, change.workflow_id, change.state, judged)
    reason = recorded_text(request.reason, MAX_REASON_LENGTH)
    if request.code is not None:
        change.set(relay_code=request.code.value)
    failed_tasks = 0
    if change.state in (WorkflowState.RUNNING, WorkflowState.FAILED):
        cancelled = cancel_locked(connection, change, compensate=True, by="compensate", way=request.way, reason=reason)
        failed_tasks = cancelled.failed_tasks
    else:
        _start_compensating(change, request.way, reason)
    if come_to_rest(connection, change):
        change.write_so_far()
        give_turn(connection, change)
    change.write()
    return CompensatedWorkflow(change.ref(), changed=True, outcome=outcome, failed_tasks=failed_tasks)


def plan_compensate(connection: Connection, workflow_id: str, code: Code | None) -> CompensatePlan:
    """Describe what a compensate would do, as described at ``StateBackend.plan_compensate``."""
    workflow_id = check_exists(connection, workflow_id)
    workflow = read_reference(connection, workflow_id)
    judged = _judge(connection, workflow_id, workflow.state)
    changes = judged.next_state is not workflow.state
    ends_tasks = changes and workflow.state in (WorkflowState.RUNNING, WorkflowState.FAILED)
    is_succeeded = workflow.state is WorkflowState.SUCCEEDED
    pending = pending_compensations(connection, workflow_id, with_discarded=is_succeeded, with_outputs=True)
    # The session joins the connection's transaction and leaves it open.
    with Session(connection) as session:
        obstacles = CompensationObstacles(session, workflow_id, code or read_relay_code(connection, workflow_id))
        undone = [_planned(obstacles, item) for item in pending]
    return CompensatePlan(
        workflow=workflow,
        changes=changes,
        next_state=judged.next_state,
        outcome=_described(connection, workflow_id, workflow.state, judged),
        undone=undone,
        open_steps=[step.label for step in open_steps(connection, workflow_id) if not step.is_marked_done],
        irreversible=_irreversible(connection, workflow_id),
        stays=read_staying_steps(connection, workflow_id),
        already=_listed(connection, workflow_id, schema.compensation.c.state.in_(_DECIDED)),
        not_needed=_listed(connection, workflow_id, IS_NOT_NEEDED),
        tasks=unfinished_tasks(connection, workflow_id) if ends_tasks else [],
    )


def why_not_compensate(connection: Connection, workflow_id: str) -> str | None:
    """Return why a compensate would be refused or undo nothing; None when it would undo something. Reads no steps.

    :raises WorkflowNotFound: there is no workflow with this id.
    """
    workflow_id = check_exists(connection, workflow_id)
    state = read_reference(connection, workflow_id).state
    return why_nothing_changes(state, partial(_judge, connection, workflow_id, state))


def how_to_undo(connection: Connection, workflow_id: str, state: WorkflowState) -> str:
    """Return how a person can undo a workflow, or why not, as the remedy for a request that needs another state."""
    if state is WorkflowState.COMPENSATED:
        return f"Nothing is left to undo; see what was undone with: airflow wfstate show {workflow_id}"
    why_not = why_nothing_changes(state, partial(_judge, connection, workflow_id, state))
    return f"Undo it with: airflow wfstate compensate {workflow_id}" if why_not is None else why_not


def _judge(connection: Connection, workflow_id: str, state: WorkflowState) -> Judgement:
    if state is WorkflowState.CANCELLED:
        raise WorkflowClosed(
            f"Workflow {workflow_id} was cancelled, and its compensations were discarded.",
            "Undo its work manually; airflow wfstate show lists what it did.",
        )
    if state is WorkflowState.COMPENSATING:
        return Judgement(state, "It is already being undone; another request changes nothing.")
    if state is WorkflowState.COMPENSATED:
        return Judgement(state, "It is already compensated; another request changes nothing.")
    if state is WorkflowState.COMPENSATION_FAILED:
        return Judgement(WorkflowState.COMPENSATING, "The failed compensations are retried, then the rest are run.")
    forward = why_only_forward(connection, workflow_id)
    if forward is not None:
        raise WorkflowClosed(
            f"Workflow {workflow_id} cannot be undone: {forward}",
            _GO_FORWARD[state].format(workflow_id),
        )
    is_succeeded = state is WorkflowState.SUCCEEDED
    if not has_something_to_undo(connection, workflow_id, with_discarded=is_succeeded):
        return Judgement(state, f"The workflow is {state.value}, and there is nothing to undo.")
    outcome = "It is ended and undone, newest step first, once no step is running."
    if is_succeeded:
        outcome = "The work already done is undone, newest step first."
    return Judgement(WorkflowState.COMPENSATING, outcome, is_counted=True)


def _described(connection: Connection, workflow_id: str, state: WorkflowState, judged: Judgement) -> str:
    return describe(connection, workflow_id, judged, with_discarded=state is WorkflowState.SUCCEEDED)


def _start_compensating(change: Change, way: Way, reason: str | None) -> None:
    """Rearm discarded and failed compensations, and start compensating."""
    before = change.state
    change.update(
        schema.compensation,
        where={"workflow_id": change.workflow_id, "state": CompensationState.DISCARDED.value},
        values={"state": CompensationState.ARMED.value},
    )
    allow_retries(change, schema.compensation.c.workflow_id == change.workflow_id)
    # A retried compensation keeps its original cause.
    error = change.error or end_reason("compensate", change.actor, reason, earlier_error=None)
    change.become(WorkflowState.COMPENSATING, error=error, ended_at=None, hold_reason=None)
    data: dict[str, JsonValue] = {
        "by": "compensate",
        "way": way.value,
        "reason": reason,
        "from": before.value,
        **undo_counts(change.connection, change.workflow_id),
    }
    change.journal(EntryKind.WORKFLOW_COMPENSATING, data=data)


def allow_retries(change: Change, *where: ColumnElement[bool]) -> None:
    """Grant failed compensations as many further attempts as their steps declare. Attempt numbers keep counting."""
    compensation = schema.compensation
    change.connection.execute(
        update(compensation)
        .where(*where, compensation.c.state == CompensationState.FAILED.value)
        .values(
            state=CompensationState.RUNNING.value,
            attempt_limit=compensation.c.attempts + compensation.c.max_attempts,
            # The end of the last attempt is recorded, so the next one may begin.
            ended_at=func.coalesce(compensation.c.ended_at, change.now),
        )
    )


def _planned(obstacles: CompensationObstacles, item: PendingCompensation) -> PlannedCompensation:
    return PlannedCompensation(
        step=item.label,
        round=item.round,
        handler=item.handler,
        state=item.state,
        dag_id=item.dag_id,
        run_id=item.run_id,
        output=None if item.output is None or item.output.is_in_file else shown(item.output, item.redact),
        obstacle=obstacles.of(item),
    )


def _irreversible(connection: Connection, workflow_id: str) -> list[IrreversibleStep]:
    step = schema.step
    acted = [state.value for state in StepState if state is not StepState.SKIPPED]
    rows = connection.execute(
        select(step.c.participant, step.c.place, step.c.name, step.c.item_key, step.c.irreversible)
        .where(step.c.workflow_id == workflow_id, step.c.irreversible.is_not(None), step.c.state.in_(acted))
        .order_by(step.c.started_at, step.c.id)
    ).all()
    places = read_places(connection, ((row.participant, row.place) for row in rows))
    return [IrreversibleStep(places.name(row).label, row.irreversible or "") for row in rows]


def _listed(connection: Connection, workflow_id: str, which: ColumnElement[bool]) -> list[PlannedCompensation]:
    """Compensations that are not run, in the order in which their steps began."""
    compensation, step, round_ = schema.compensation, schema.step, schema.round_
    rows = connection.execute(
        select(compensation, step.c.participant, step.c.place, step.c.name, step.c.item_key)
        .join(step, step.c.id == compensation.c.step_id)
        .join(round_, (round_.c.step_id == compensation.c.step_id) & (round_.c.number == compensation.c.round))
        .where(compensation.c.workflow_id == workflow_id, which)
        .order_by(step.c.started_at, step.c.id, compensation.c.round)
    ).all()
    places = read_places(connection, ((row.participant, row.place) for row in rows))
    return [
        PlannedCompensation(
            step=places.name(row).label,
            round=row.round,
            handler=row.handler,
            state=CompensationState(row.state),
            dag_id=row.dag_id,
            run_id=row.run_id,
        )
        for row in rows
    ]
