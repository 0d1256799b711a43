"""Apply a person's decision about one compensation: retry it, skip it, or record it as done manually."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from airflow_wfstate.domain.messages.compensate import DecideCompensation, DecidedCompensation, Decision
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.states import CompensationState, WorkflowState, predecessors
from airflow_wfstate.domain.rules.step_name import StepName, distinct, find_called
from airflow_wfstate.domain.rules.text.counted import listed
from airflow_wfstate.domain.rules.text.reason import MAX_REASON_LENGTH
from airflow_wfstate.exceptions import InvalidRequest, StepNotFound, WorkflowClosed
from airflow_wfstate.redaction import recorded_text
from airflow_wfstate.store.actions.compensate import allow_retries, how_to_undo
from airflow_wfstate.store.compensation.compensated_step import settle_step
from airflow_wfstate.store.compensation.late_undo import undo_late, update_late_undo_reason
from airflow_wfstate.store.compensation.pending import PendingCompensation, pending_compensations
from airflow_wfstate.store.compensation.rest import come_to_rest
from airflow_wfstate.store.compensation.service_undo import withdraw_requests_of
from airflow_wfstate.store.compensation.take_turn import give_turn
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.transaction import Contention, Unchanged
from airflow_wfstate.store.steps.undo_order import OUT_OF_LINE, has_something_to_undo
from airflow_wfstate.store.workflows.change import Change, lock_by_id
from airflow_wfstate.store.workflows.id import check_exists
from airflow_wfstate.store.workflows.places import places_of_workflow

_ENTRY_KINDS = {
    Decision.RETRY: EntryKind.COMPENSATION_RETRIED,
    Decision.SKIP: EntryKind.COMPENSATION_SKIPPED,
    Decision.DONE: EntryKind.COMPENSATION_DONE,
}


def decide_compensation(
    connection: Connection, request: DecideCompensation
) -> DecidedCompensation | Unchanged[DecidedCompensation]:
    """Apply the decision, as described at ``StateBackend.decide_compensation``."""
    reason = recorded_text(request.reason.strip(), MAX_REASON_LENGTH)
    if not reason:
        raise InvalidRequest("A decision about a compensation needs a reason.", "Say why, for those who read it later.")
    request = replace(request, workflow_id=check_exists(connection, request.workflow_id))
    change = lock_by_id(connection, request.workflow_id, request.actor)
    if change is None:
        raise Contention(f"workflow {request.workflow_id} has just been deleted")
    change.check_version(request.if_version)
    is_late = change.state is WorkflowState.COMPENSATED and has_something_to_undo(connection, change.workflow_id)
    if not is_late and change.state not in (WorkflowState.COMPENSATION_FAILED, WorkflowState.COMPENSATING):
        raise WorkflowClosed(
            f"Workflow {change.workflow_id} is {change.state.value}: none of its compensations needs a decision.",
            how_to_undo(connection, change.workflow_id, change.state),
        )
    pending = _find(connection, change, request)
    state = _decide(change, request.decision, pending)
    data: dict[str, JsonValue] = {"round": pending.round, "way": request.way.value, "reason": reason, "by_hand": True}
    change.journal(_ENTRY_KINDS[request.decision], step=pending.label, step_id=pending.step_id, data=data)
    if request.code is not None:
        change.set(relay_code=request.code.value)
    if is_late:
        if request.decision is Decision.RETRY:
            undo_late(connection, change, pending.step_id, pending.round)
        update_late_undo_reason(connection, change)
    else:
        _go_on(connection, change, request, reason)
    change.write()
    return DecidedCompensation(change.ref(), pending.label, pending.round, state)


def _find(connection: Connection, change: Change, request: DecideCompensation) -> PendingCompensation:
    """Find the compensation that the request names.

    Search all steps that declare a compensation, not only those still pending. Otherwise a repeated request could
    apply to a different step.
    """
    steps = _declaring(connection, change.workflow_id)
    named = [step for step in steps if step.id == request.step]
    named = named or find_called(steps, request.step, lambda step: step.called, with_item=True)
    pending = pending_compensations(connection, change.workflow_id)
    if len(named) > 1:
        raise InvalidRequest(
            f"Workflow {change.workflow_id} has several steps named {request.step}.",
            f"Specify one of them: {distinct((step.called.label, step.id) for step in named)}.",
        )
    of_step = [item for item in pending if named and item.step_id == named[0].id]
    found = [item for item in of_step if request.round in (None, item.round)]
    if not found:
        waiting = listed(dict.fromkeys(item.label for item in pending))
        in_round = "" if request.round is None else f" in round {request.round}"
        raise StepNotFound(
            f"Workflow {change.workflow_id} has nothing to undo for step {request.step}{in_round}.",
            f"Steps to undo: {waiting}.",
        )
    if len(found) > 1:
        rounds = ", ".join(str(number) for number in sorted(item.round for item in found))
        raise InvalidRequest(
            f"Step {found[0].label} has several rounds to undo: {rounds}.", "Give the round that you mean."
        )
    at_work = found[0].state is CompensationState.RUNNING and not found[0].attempt_ended
    if at_work and not found[0].is_of_service:
        raise WorkflowClosed(
            f"Step {found[0].label} is being undone right now.",
            "Decide once its attempt has ended: airflow wfstate show " + change.workflow_id,
        )
    return found[0]


@dataclass(frozen=True)
class _Declaring:
    """A step that declares a compensation."""

    id: str
    called: StepName


def _declaring(connection: Connection, workflow_id: str) -> list[_Declaring]:
    compensation, step = schema.compensation, schema.step
    declared = select(compensation.c.step_id).where(compensation.c.workflow_id == workflow_id)
    found = select(step.c.id, step.c.participant, step.c.place, step.c.name, step.c.item_key)
    rows = connection.execute(found.where(step.c.id.in_(declared)).order_by(step.c.started_at, step.c.id))
    places = places_of_workflow(connection, workflow_id)
    return [_Declaring(row.id, places.name(row)) for row in rows]


def _decide(change: Change, decision: Decision, pending: PendingCompensation) -> CompensationState:
    compensation = schema.compensation
    key = {"step_id": pending.step_id, "round": pending.round}
    if decision is Decision.RETRY:
        if pending.is_of_service and pending.state is CompensationState.RUNNING:
            # The service is asked once more and gets its full time to answer.
            change.update(compensation, where=key, values={"ended_at": change.now, "answer_due_at": None})
        allow_retries(change, compensation.c.step_id == pending.step_id, compensation.c.round == pending.round)
        return CompensationState.RUNNING if pending.state is CompensationState.FAILED else pending.state
    target = CompensationState.SKIPPED if decision is Decision.SKIP else CompensationState.DONE
    change.update(
        compensation,
        where=key,
        values={"state": target.value, "ended_at": change.now, "answer_due_at": None, **OUT_OF_LINE},
        from_states=predecessors(target),
    )
    if pending.is_of_service:
        withdraw_requests_of(change.connection, [(pending.step_id, pending.round)])
    settle_step(change, pending.step_id)
    return target


def _go_on(connection: Connection, change: Change, request: DecideCompensation, reason: str) -> None:
    """Let the workflow continue, unless another of its compensations still needs a decision."""
    if change.state is WorkflowState.COMPENSATION_FAILED:
        if request.decision is not Decision.RETRY and _another_has_failed(connection, change.workflow_id):
            return
        change.become(WorkflowState.COMPENSATING, hold_reason=None, ended_at=None)
        data: dict[str, JsonValue] = {"by": request.decision.value, "way": request.way.value, "reason": reason}
        change.journal(EntryKind.WORKFLOW_COMPENSATING, data=data)
    if come_to_rest(connection, change):
        change.write_so_far()
        give_turn(connection, change)


def _another_has_failed(connection: Connection, workflow_id: str) -> bool:
    return any(item.state is CompensationState.FAILED for item in pending_compensations(connection, workflow_id))
