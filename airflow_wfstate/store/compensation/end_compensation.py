"""The end of an attempt of a compensation."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Row, bindparam, select

from airflow_wfstate.domain.messages.compensation import EndCompensation, EndedCompensation
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.step import MAX_ERROR_LENGTH
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.policies import CompensationErrorPolicy
from airflow_wfstate.domain.rules.states import CompensationState, WorkflowState, predecessors
from airflow_wfstate.exceptions import InvalidAttemptKey, InvalidRequest, StaleAttempt
from airflow_wfstate.redaction import recorded_text
from airflow_wfstate.store.compensation.compensated_step import settle_step
from airflow_wfstate.store.compensation.failed import fail_compensation
from airflow_wfstate.store.compensation.hold import compensation_error_policy, failed_for_good, hold
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.transaction import Unchanged
from airflow_wfstate.store.steps.attempt_key import COMPENSATION, AttemptKey, parse, verify
from airflow_wfstate.store.steps.undo_order import OUT_OF_LINE
from airflow_wfstate.store.workflows.change import Change, lock_by_id
from airflow_wfstate.store.workflows.places import read_places

_compensation, _step = schema.compensation, schema.step

_READ: Final = (
    select(
        _compensation,
        _step.c.participant,
        _step.c.place,
        _step.c.name,
        _step.c.item_key,
    )
    .join(_step, _step.c.id == _compensation.c.step_id)
    .where(_compensation.c.step_id == bindparam("step_id"), _compensation.c.round == bindparam("round"))
)


def end_compensation(
    connection: Connection, request: EndCompensation
) -> EndedCompensation | Unchanged[EndedCompensation]:
    """Record the end, as described at ``StateBackend.end_compensation``."""
    if (request.error is None) != request.succeeded:
        raise InvalidRequest("A failure needs an error, and only a failure has one.", "Send both, or neither.")
    if not request.succeeded and request.nothing_to_undo is not None:
        raise InvalidRequest(
            "A compensation that failed cannot also have found nothing to undo.", "Send only one of the two."
        )
    key = parse(request.compensation_key, COMPENSATION)
    change, row = _locked(connection, key)
    goes_on = compensation_error_policy(connection, change) is CompensationErrorPolicy.CONTINUE
    label = read_places(connection, [(row.participant, row.place)]).name(row).label
    if row.attempts != key.attempt:
        raise StaleAttempt(
            f"Attempt {key.attempt} of the compensation of step {label} was taken over by attempt {row.attempts}.",
            "This process has outlived its attempt; nothing it does is recorded.",
        )
    if row.ended_at is not None:
        return Unchanged(EndedCompensation(key.step_id, key.round, CompensationState(row.state)))
    if not request.succeeded:
        state = _record_error(change, key, row, label, request, goes_on=goes_on)
    elif request.nothing_to_undo is not None:
        state = _record_nothing_to_undo(change, key, label, request.nothing_to_undo)
    else:
        state = _record_done(change, key, label)
    change.write()
    return EndedCompensation(key.step_id, key.round, state)


def _locked(connection: Connection, key: AttemptKey) -> tuple[Change, Row[tuple[object, ...]]]:
    change = lock_by_id(connection, key.workflow_id, actor="")
    row = connection.execute(_READ, {"step_id": key.step_id, "round": key.round}).one_or_none()
    if change is None or row is None:
        raise InvalidAttemptKey(
            f"The compensation key names a step {key.step_id} that this store does not have.",
            "The workflow was deleted, or the key was issued by another Airflow.",
        )
    verify(key, change.secret)
    change.actor = f"task:{row.dag_id}/{row.run_id}"
    return change, row


def _record_done(change: Change, key: AttemptKey, label: str) -> CompensationState:
    change.update(
        schema.compensation,
        where={"step_id": key.step_id, "round": key.round},
        values={"state": CompensationState.DONE.value, "error": None, "ended_at": change.now, **OUT_OF_LINE},
        from_states=predecessors(CompensationState.DONE),
    )
    settle_step(change, key.step_id)
    change.journal(
        EntryKind.COMPENSATION_DONE, step=label, step_id=key.step_id, attempt=key.attempt, data={"round": key.round}
    )
    return CompensationState.DONE


def _record_nothing_to_undo(change: Change, key: AttemptKey, label: str, reason: str) -> CompensationState:
    """Record that nothing was undone. The step keeps its state unless another of its rounds was undone."""
    change.update(
        schema.compensation,
        where={"step_id": key.step_id, "round": key.round},
        values={"state": CompensationState.NOT_NEEDED.value, "error": None, "ended_at": change.now, **OUT_OF_LINE},
        from_states=predecessors(CompensationState.NOT_NEEDED),
    )
    settle_step(change, key.step_id)
    data: dict[str, JsonValue] = {"round": key.round, "reason": recorded_text(reason, MAX_ERROR_LENGTH)}
    change.journal(EntryKind.COMPENSATION_NOT_NEEDED, step=label, step_id=key.step_id, attempt=key.attempt, data=data)
    return CompensationState.NOT_NEEDED


def _record_error(
    change: Change,
    key: AttemptKey,
    row: Row[tuple[object, ...]],
    label: str,
    request: EndCompensation,
    *,
    goes_on: bool,
) -> CompensationState:
    """Record the error. After the last attempt, hold the workflow, unless its policy first runs the others.

    An attempt also counts as the last when no other may follow it.
    """
    error = recorded_text(request.error or "", MAX_ERROR_LENGTH)
    final = not request.may_retry or key.attempt >= (row.attempt_limit or row.max_attempts)
    if final:
        fail_compensation(change, label, key.step_id, key.round, key.attempt, error)
        if not goes_on and change.state is WorkflowState.COMPENSATING:
            hold(change, failed_for_good(label, error))
        return CompensationState.FAILED
    change.update(
        schema.compensation,
        where={"step_id": key.step_id, "round": key.round},
        values={"error": error, "ended_at": change.now},
        from_states=[CompensationState.RUNNING],
    )
    change.journal(
        EntryKind.COMPENSATION_ATTEMPT_FAILED,
        step=label,
        step_id=key.step_id,
        attempt=key.attempt,
        data={"round": key.round, "error": error},
    )
    return CompensationState.RUNNING
