"""End an attempt as succeeded, failed, skipped or lost; or record that it waits."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.step import MAX_ERROR_LENGTH, EndAttempt, LinkChildRun, RecordedWrite
from airflow_wfstate.domain.messages.token import CreateToken
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, CompensationState, StepState, may_become, predecessors
from airflow_wfstate.exceptions import InvalidAttemptKey, InvalidRequest, StaleAttempt
from airflow_wfstate.redaction import recorded_text
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.transaction import Unchanged
from airflow_wfstate.store.payloads.checks import check_payload, described
from airflow_wfstate.store.payloads.stored_payload import StoredPayload
from airflow_wfstate.store.steps.attempt_key import AttemptKey, parse, verify
from airflow_wfstate.store.steps.attempt_payload import keep_of_attempt
from airflow_wfstate.store.steps.row import StepRow, read_step
from airflow_wfstate.store.steps.undo_order import give_positions
from airflow_wfstate.store.steps.write_content import check_repetition, content_sha256
from airflow_wfstate.store.workflows.change import Change, lock_by_id

ENTRY_KINDS: Final = {
    StepState.SUCCEEDED: EntryKind.STEP_SUCCEEDED,
    StepState.FAILED: EntryKind.STEP_FAILED,
    StepState.LOST: EntryKind.STEP_LOST,
    StepState.SKIPPED: EntryKind.STEP_SKIPPED,
    StepState.WAITING: EntryKind.STEP_WAITING,
}
"""The journal entry for each end."""


_STILL_OPEN: Final = (None, CompensationState.ARMED, CompensationState.DISCARDED)
"""States of a compensation that has not begun, for a lost attempt that reports its end late."""


def keep_output(request: EndAttempt) -> StoredPayload | None:
    """Store the output of an end that is about to be recorded; None when it has none.

    :raises InvalidRequest: the request is invalid in itself.
    """
    check_end(request)
    return None if request.output is None else keep_of_attempt(request.output, request.attempt_key)


def end_attempt(
    connection: Connection, request: EndAttempt, output: StoredPayload | None
) -> RecordedWrite | Unchanged[RecordedWrite]:
    """Record the end, as described at ``StateBackend.end_attempt``.

    :param output: the request's output, as stored by :func:`keep_output`.
    """
    key = parse(request.attempt_key)
    change, step = lock_attempt(connection, key)
    answer = RecordedWrite(step.id, key.attempt, request.write)
    if is_applied(step, key, request):
        return Unchanged(answer)
    check_newest(change, step, key)
    if step.attempt_state is request.state is StepState.LOST:  # the sweep marked it lost before it could report that
        return Unchanged(answer)
    has_ended = step.attempt_state not in (*OPEN_STEP_STATES, StepState.LOST)
    too_late = step.attempt_state is StepState.LOST and step.compensation_state not in _STILL_OPEN
    if has_ended or too_late or not may_become(step.attempt_state, request.state):
        raise StaleAttempt(
            f"Attempt {key.attempt} of step {step.label} is already {step.attempt_state.value} "
            f"and cannot become {request.state.value}.",
            "It ended earlier; nothing was recorded.",
        )
    _write_end(change, step, request, output)
    if change.at_rest:  # a lost attempt reported its end late, so its compensation needs another position
        give_positions(connection, change.workflow_id, step.id)
    change.write()
    return answer


def lock_attempt(connection: Connection, key: AttemptKey) -> tuple[Change, StepRow]:
    """Lock the workflow of an attempt and read its step.

    :raises InvalidAttemptKey: the key was not issued by this store.
    """
    change = lock_by_id(connection, key.workflow_id, actor="")
    step = None if change is None else read_step(connection, key.step_id)
    if change is None or step is None:
        raise InvalidAttemptKey(
            f"The attempt key names a step {key.step_id} that this store does not have.",
            "The workflow was deleted, or the key was issued by another Airflow.",
        )
    verify(key, change.secret)
    change.actor = step.actor
    return change, step


def is_applied(step: StepRow, key: AttemptKey, write: EndAttempt | LinkChildRun | CreateToken) -> bool:
    """Whether this very write of the newest attempt was already applied, so that this is a repetition.

    :raises WriteConflict: another write with its number, or a later one, was applied.
    """
    if key.attempt != step.attempt or write.write > step.last_write:
        return False
    check_repetition(step.label, write, step.last_write, step.last_write_sha256)
    return True


def check_newest(change: Change, step: StepRow, key: AttemptKey) -> None:
    """Check the fencing token.

    :raises StaleAttempt: a newer attempt has taken over.
    """
    if key.attempt != step.attempt:
        raise StaleAttempt(
            f"Attempt {key.attempt} of step {step.label} in workflow {change.name} / {change.key} was taken over by "
            f"attempt {step.attempt}.",
            "This process has outlived its attempt; nothing it does is recorded.",
        )


def check_end(request: EndAttempt) -> None:
    """Check everything that does not depend on the stored state.

    :raises InvalidRequest: state, output, error and write number do not fit together.
    """
    if request.state not in ENTRY_KINDS:
        raise InvalidRequest(
            f"An attempt cannot end as {request.state.value}.",
            "Report " + ", ".join(state.value for state in ENTRY_KINDS) + ".",
        )
    check_write_number(request.write)
    if (request.output is not None) != (request.state is StepState.SUCCEEDED):
        raise InvalidRequest("An end as 'succeeded' needs an output; no other end has one.", "Send both or neither.")
    if (request.error is not None) != (request.state in (StepState.FAILED, StepState.LOST)):
        raise InvalidRequest("An end as 'failed' or 'lost' needs an error; no other has one.", "Send both or neither.")
    if request.output is not None:
        check_payload("output", request.output)


def check_write_number(write: int) -> None:
    """Check the number of an attempt's write.

    :raises InvalidRequest: it is not between 1 and 2**62.
    """
    if not 1 <= write <= 2**62:
        raise InvalidRequest(f"{write} is not a valid write number.", "Number the writes of an attempt from 1.")


def _write_end(change: Change, step: StepRow, request: EndAttempt, output: StoredPayload | None) -> None:
    error = stored_error(request)
    entry = change.journal(
        ENTRY_KINDS[request.state], step=step.label, step_id=step.id, attempt=step.attempt, data=end_data(request)
    )
    state = request.state.value
    round_values: dict[str, object] = {"state": state}
    if output is not None:
        round_values |= output.columns("output")
    # An accepted step has been decided on. Success of its attempt still overrides that; failure does not.
    is_accepted = step.state is StepState.SKIPPED and request.state is not StepState.SUCCEEDED
    if is_accepted:
        round_values["state"] = StepState.LOST.value
    else:
        change.update(
            schema.step,
            where={"id": step.id, "attempt": step.attempt},
            values={"state": state, "error": error, "updated_at": change.now},
            from_states=predecessors(request.state),
        )
    change.update(schema.round_, where={"step_id": step.id, "number": step.round}, values=round_values)
    change.update(schema.compensation, where={"step_id": step.id, "round": step.round}, values={"last_entry": entry})
    ended_at = None if request.state is StepState.WAITING else change.now
    change.update(
        schema.attempt,
        where={"step_id": step.id, "number": step.attempt},
        values={
            "state": state,
            "last_write": request.write,
            "last_write_sha256": content_sha256(request),
            "ended_at": ended_at,
            "error": error,
        },
        from_states=predecessors(request.state),
    )


def stored_error(request: EndAttempt) -> str | None:
    """The error in the form in which it is stored; None when there is none."""
    return recorded_text(request.error, MAX_ERROR_LENGTH)


def end_data(request: EndAttempt) -> dict[str, JsonValue]:
    """The journal's data about an end."""
    data: dict[str, JsonValue] = {}
    if request.output is not None:
        data["output"] = described(request.output)
    if request.error is not None:
        data["error"] = stored_error(request)
    return data
