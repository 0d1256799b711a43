"""Cancel a workflow: end it before it is finished, with or without compensation."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from sqlalchemy import Connection, delete

from airflow_wfstate.domain.messages.cancel import AffectedCompensation, CancelledWorkflow, CancelPlan, CancelWorkflow
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.staying import StayingSteps
from airflow_wfstate.domain.messages.way import Way
from airflow_wfstate.domain.rules.end_reason import end_reason
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.states import CompensationState, WorkflowState
from airflow_wfstate.domain.rules.text.reason import MAX_REASON_LENGTH
from airflow_wfstate.exceptions import WorkflowClosed
from airflow_wfstate.redaction import recorded_text
from airflow_wfstate.store.actions.judgement import Judgement, describe, why_nothing_changes
from airflow_wfstate.store.compensation.armed import armed_compensations
from airflow_wfstate.store.compensation.pending import pending_compensations
from airflow_wfstate.store.compensation.pivot import why_only_forward
from airflow_wfstate.store.compensation.service_undo import may_be_undone_by_services, withdraw_requests
from airflow_wfstate.store.compensation.staying_steps import read_staying_steps, undo_counts
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.transaction import Contention, Unchanged
from airflow_wfstate.store.runs.fail import fail_unfinished_tasks, paused_dags, runs_to_end, unfinished_tasks
from airflow_wfstate.store.steps.row import open_steps
from airflow_wfstate.store.steps.undo_order import has_something_to_undo
from airflow_wfstate.store.workflows.change import Change, lock_by_id
from airflow_wfstate.store.workflows.id import check_exists
from airflow_wfstate.store.workflows.reference import read_reference


def cancel_workflow(
    connection: Connection, request: CancelWorkflow
) -> CancelledWorkflow | Unchanged[CancelledWorkflow]:
    """Cancel the workflow, as described at ``StateBackend.cancel_workflow``."""
    request = replace(request, workflow_id=check_exists(connection, request.workflow_id))
    change = lock_by_id(connection, request.workflow_id, request.actor)
    if change is None:
        raise Contention(f"workflow {request.workflow_id} has just been deleted")
    change.check_version(request.if_version)
    reason = recorded_text(request.reason, MAX_REASON_LENGTH)
    answer = cancel_locked(
        connection, change, compensate=request.compensate, by="cancel", way=request.way, reason=reason
    )
    if not answer.changed:
        return Unchanged(answer)
    return answer


def cancel_locked(
    connection: Connection, change: Change, *, compensate: bool, by: str, way: Way | None = None, reason: str | None
) -> CancelledWorkflow:
    """Cancel a locked workflow. A cancel request, a terminating start and an expired deadline all end here.

    The reason is recorded in the workflow's error and passed to its compensations.

    :param by: which of the three it is, for the journal.
    :param way: how the person's request arrived; None when no person asked.
    :raises WorkflowClosed: the workflow is compensating; or ``compensate`` is set and its compensation has failed or
        its pivot is done.
    """
    judged = _judge(connection, change.workflow_id, change.state, compensate=compensate)
    if judged.next_state is change.state:
        return CancelledWorkflow(change.ref(), changed=False, outcome=judged.outcome)
    before, outcome = change.state, describe(connection, change.workflow_id, judged)
    runs = runs_to_end(connection, change.workflow_id)
    discarded: list[JsonValue] = []
    error = end_reason(by, change.actor, reason, earlier_error=change.error)
    if judged.next_state is WorkflowState.CANCELLED:
        armed = armed_compensations(connection, change.workflow_id)
        discarded = [f"{item.step} (round {item.round})" for item in armed]
        _give_up_compensations(change)
        change.become(WorkflowState.CANCELLED, error=error, ended_at=change.now, hold_reason=None)
    else:
        change.become(WorkflowState.COMPENSATING, error=error, ended_at=None, hold_reason=None)
    is_cancelled = change.state is WorkflowState.CANCELLED
    counts = {} if is_cancelled else undo_counts(connection, change.workflow_id)
    failed_tasks = fail_unfinished_tasks(connection, change, runs)
    data: dict[str, JsonValue] = {
        "by": by,
        "reason": reason,
        "from": before.value,
        "failed_tasks": failed_tasks,
        "discarded": discarded,
        **counts,
    }
    if way is not None:
        data["way"] = way.value
    change.journal(EntryKind.WORKFLOW_CANCELLED if is_cancelled else EntryKind.WORKFLOW_COMPENSATING, data=data)
    change.write()
    return CancelledWorkflow(
        change.ref(), changed=True, outcome=outcome, failed_tasks=failed_tasks, discarded=len(discarded)
    )


def plan_cancel(connection: Connection, workflow_id: str, *, compensate: bool) -> CancelPlan:
    """Describe what a cancel would do, as described at ``StateBackend.plan_cancel``."""
    workflow_id = check_exists(connection, workflow_id)
    workflow = read_reference(connection, workflow_id)
    judged = _judge(connection, workflow_id, workflow.state, compensate=compensate)
    plan = CancelPlan(
        workflow=workflow,
        compensate=compensate,
        changes=judged.next_state is not workflow.state,
        next_state=judged.next_state,
        outcome=describe(connection, workflow_id, judged),
    )
    if not plan.changes:
        return plan
    undoes = judged.next_state is WorkflowState.COMPENSATING
    pending = pending_compensations(connection, workflow_id) if undoes else []
    return replace(
        plan,
        tasks=unfinished_tasks(connection, workflow_id),
        open_steps=[step.label for step in open_steps(connection, workflow_id) if not step.is_marked_done],
        undone=[AffectedCompensation(item.label, item.round, item.handler, item.state) for item in pending],
        stays=read_staying_steps(connection, workflow_id) if undoes else StayingSteps(),
        discarded=[] if undoes else list(armed_compensations(connection, workflow_id)),
        paused_dag_ids=paused_dags(connection, workflow_id, undoing={item.dag_id for item in pending if item.dag_id}),
    )


def why_not_cancel(connection: Connection, workflow_id: str, *, compensate: bool) -> str | None:
    """Return why a cancel would be refused or change nothing; None when it would change something. Reads no steps.

    :raises WorkflowNotFound: there is no workflow with this id.
    """
    workflow_id = check_exists(connection, workflow_id)
    state = read_reference(connection, workflow_id).state
    return why_nothing_changes(state, partial(_judge, connection, workflow_id, state, compensate=compensate))


def _judge(connection: Connection, workflow_id: str, state: WorkflowState, *, compensate: bool) -> Judgement:
    if state is WorkflowState.COMPENSATING:
        raise WorkflowClosed(
            f"Workflow {workflow_id} is being compensated and cannot be cancelled until that ends.",
            f"Wait for it to end: airflow wfstate show {workflow_id}",
        )
    if state is WorkflowState.COMPENSATION_FAILED:
        if compensate:
            raise WorkflowClosed(
                f"Workflow {workflow_id} is compensation_failed: its compensation has already been tried and failed.",
                f"Give up the remaining compensations with: airflow wfstate cancel {workflow_id}, which discards every "
                f"one that is still armed; or try again with: airflow wfstate compensate {workflow_id}",
            )
        return Judgement(WorkflowState.CANCELLED, "It is cancelled; whatever is not undone yet stays as it is.")
    if state not in (WorkflowState.RUNNING, WorkflowState.FAILED):
        return Judgement(state, f"The workflow has already ended ({state.value}); a cancel changes nothing.")
    if not compensate:
        return Judgement(WorkflowState.CANCELLED, "It is cancelled; the work already done stays as it is.")
    forward = why_only_forward(connection, workflow_id)
    if forward is not None:
        raise WorkflowClosed(
            f"Workflow {workflow_id} cannot be cancelled with compensation: {forward}",
            "Let it continue, or cancel it without compensation: the work already done then stays as it is, and every "
            "compensation that is still armed is discarded.",
        )
    if not has_something_to_undo(connection, workflow_id):
        if may_be_undone_by_services(connection, workflow_id):
            return Judgement(
                WorkflowState.COMPENSATING,
                "There is nothing to undo yet; any step that a service reports from now on is undone.",
            )
        return Judgement(WorkflowState.CANCELLED, "It is cancelled; there is nothing to undo.")
    return Judgement(
        WorkflowState.COMPENSATING, "It is undone, newest step first, once no step is running.", is_counted=True
    )


def _give_up_compensations(change: Change) -> None:
    """Discard armed compensations and mark running ones failed. Their processes may still report that they are done."""
    change.update(
        schema.compensation,
        where={"workflow_id": change.workflow_id, "state": CompensationState.ARMED.value},
        values={"state": CompensationState.DISCARDED.value},
    )
    change.update(
        schema.compensation,
        where={"workflow_id": change.workflow_id, "state": CompensationState.RUNNING.value},
        values={
            "state": CompensationState.FAILED.value,
            "error": "given up: the workflow was cancelled",
            "answer_due_at": None,
        },
    )
    withdraw_requests(change.connection, change.workflow_id)
    change.connection.execute(delete(schema.turn).where(schema.turn.c.workflow_id == change.workflow_id))
