"""The begin of a step: the next attempt, or the answer that there is nothing to do.

With ``end_attempt.py`` the hot path; ``hot_path.py`` takes the plain case of both on PostgreSQL.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, select

from airflow_wfstate.domain.journal import EntryKind
from airflow_wfstate.domain.names import check_name
from airflow_wfstate.domain.payload import JsonValue, Payload
from airflow_wfstate.domain.states import OPEN_STEP_STATES, CompensationState, StepState, WorkflowState
from airflow_wfstate.domain.step import BeginDecision, BeginStep, BegunStep, OnClear
from airflow_wfstate.domain.workflow import RunRole
from airflow_wfstate.exceptions import InvalidRequest, StaleAttempt, WorkflowClosed
from airflow_wfstate.redaction import check_paths
from airflow_wfstate.store import schema
from airflow_wfstate.store.attempt_cap import held_for_exhausted, hold_for_exhausted, is_exhausted
from airflow_wfstate.store.attempt_key import STEP, AttemptKey, issue
from airflow_wfstate.store.caller import Caller, check_task_instance_id, read_caller
from airflow_wfstate.store.change import Change, lock_by_task_instance
from airflow_wfstate.store.clear_by_hand import reopen, was_cleared_after_success
from airflow_wfstate.store.identity import idempotency_key, new_id
from airflow_wfstate.store.implicit_workflow import is_started_anew, start_implicit_workflow
from airflow_wfstate.store.lost_attempt import mark_lost
from airflow_wfstate.store.redact_column import redact_column
from airflow_wfstate.store.step_row import StepRow, find_step, step_label
from airflow_wfstate.store.stored_payload import payload_of
from airflow_wfstate.store.transaction import Refused, Unchanged


def begin_step(connection: Connection, request: BeginStep) -> BegunStep | Unchanged[BegunStep] | Refused:
    """Begin the step, as ``StateBackend.begin_step`` says."""
    request = check_begin(request)
    change = lock_by_task_instance(connection, request.task_instance_id, actor="")
    caller = read_caller(connection, request.task_instance_id)
    if change is not None and is_started_anew(connection, change, caller):
        change.write()
        change = None
    if change is None:
        change = start_implicit_workflow(connection, caller)
        caller = replace(caller, workflow_id=change.workflow_id, role=RunRole.OWNER)
    change.actor = caller.actor
    step = find_step(connection, change.workflow_id, caller.dag_id, request.name, request.item_key)
    if step is not None:
        answer = _without_new_attempt(connection, change, caller, step, request.on_clear)
        if answer is not None:
            return answer
        if step.state is StepState.SUCCEEDED and change.state is WorkflowState.SUCCEEDED:
            reopen(change)
    elif change.state is WorkflowState.SUCCEEDED and caller.role is RunRole.GUEST:
        return Unchanged(BegunStep(BeginDecision.SKIPPED, change.ref(), step_id=""))
    _check_open(connection, change, caller, request)
    if step is not None and step.state is not StepState.SUCCEEDED and is_exhausted(connection, change, step):
        refusal = hold_for_exhausted(change, caller, step)
        change.write()
        return Refused(refusal)
    begun = (
        _new_step(change, caller, request) if step is None else _next_attempt(connection, change, caller, request, step)
    )
    if request.relay_task_id != caller.relay_task_id and request.relay_task_id is not None:
        change.update(
            schema.run,
            where={"workflow_id": change.workflow_id, "dag_id": caller.dag_id, "run_id": caller.run_id},
            values={"relay_task_id": request.relay_task_id},
        )
    change.write()
    return begun


def check_begin(request: BeginStep) -> BeginStep:
    """Return the request with its ids in canonical form.

    :raises InvalidRequest: a name breaks the rule of names, or a number is out of range.
    """
    check_name("step name", request.name)
    if request.item_key:
        check_name("item key", request.item_key)
    if request.relay_task_id is not None:
        check_name("relay's task id", request.relay_task_id)
    check_paths(request.redact)
    if request.irreversible is not None:
        check_name("reason why a step is irreversible", request.irreversible)
        if request.compensation is not None:
            raise InvalidRequest(
                f"Step {request.name} is irreversible, and has a compensation.", "Declare one of both."
            )
    if request.compensation is not None:
        check_name("compensation handler", request.compensation.handler)
        if not 1 <= request.compensation.max_attempts <= 1000:
            raise InvalidRequest(
                f"The compensation of step {request.name} shall be tried {request.compensation.max_attempts} times.",
                "Give 1 to 1000.",
            )
    return replace(request, task_instance_id=check_task_instance_id(request.task_instance_id))


def _without_new_attempt(
    connection: Connection, change: Change, caller: Caller, step: StepRow, on_clear: OnClear
) -> BegunStep | Unchanged[BegunStep] | None:
    """The answer when the step's state needs no new attempt; None when it does."""
    if step.state in OPEN_STEP_STATES:
        if step.task_instance_id == caller.task_instance_id:
            return _same_attempt(connection, change, caller, step)
        if not step.holder_is_over:
            return Unchanged(BegunStep(BeginDecision.BUSY, change.ref(), step.id, holder=step.holder))
    if step.state is StepState.FAILED and step.task_instance_id == caller.task_instance_id:
        # A begin that was sent again and came late. A new attempt would have nobody to do it.
        raise StaleAttempt(
            f"Attempt {step.attempt} of step {step.name}, which this task instance began, has failed.",
            "A retry or a clear of the task begins the next attempt.",
        )
    if step.state is StepState.SUCCEEDED and not _is_wish_to_run_again(connection, change, caller, step, on_clear):
        return Unchanged(
            BegunStep(
                BeginDecision.ANSWERED,
                change.ref(),
                step.id,
                output=None if step.output is None else step.output.open(),
                answered_state=StepState.SUCCEEDED,
            )
        )
    same_run = (step.dag_id, step.run_id) == (caller.dag_id, caller.run_id)
    if step.state is StepState.SKIPPED and not (same_run and change.state is WorkflowState.RUNNING):
        return Unchanged(BegunStep(BeginDecision.ANSWERED, change.ref(), step.id, answered_state=StepState.SKIPPED))
    if caller.role is RunRole.GUEST and change.state is WorkflowState.SUCCEEDED:
        return Unchanged(BegunStep(BeginDecision.SKIPPED, change.ref(), step.id))
    return None


def _is_wish_to_run_again(
    connection: Connection, change: Change, caller: Caller, step: StepRow, on_clear: OnClear
) -> bool:
    """Whether a succeeded step is to get its next round: its task was cleared by hand, and its author agrees."""
    return (
        on_clear is OnClear.RERUN
        and step.task_instance_id != caller.task_instance_id
        and not (caller.role is RunRole.GUEST and change.state is WorkflowState.SUCCEEDED)
        and was_cleared_after_success(connection, caller)
    )


def _same_attempt(
    connection: Connection, change: Change, caller: Caller, step: StepRow
) -> BegunStep | Unchanged[BegunStep]:
    begun = _begun(change, caller, step.id, step.round, step.attempt)
    begun = replace(begun, writes_applied=step.last_write, checkpoints=_checkpoints(connection, step.id, step.round))
    if step.state is StepState.RUNNING:
        return Unchanged(begun)
    change.update(
        schema.step,
        where={"id": step.id, "attempt": step.attempt},
        values={"state": StepState.RUNNING.value, "updated_at": change.now},
        from_states=[StepState.WAITING],
    )
    change.update(
        schema.attempt,
        where={"step_id": step.id, "number": step.attempt},
        values={"state": StepState.RUNNING.value},
    )
    change.update(
        schema.round_,
        where={"step_id": step.id, "number": step.round},
        values={"state": StepState.RUNNING.value},
    )
    change.journal(EntryKind.STEP_CONTINUED, step=step.label, attempt=step.attempt)
    change.write()
    return begun


def _check_open(connection: Connection, change: Change, caller: Caller, request: BeginStep) -> None:
    if change.state is WorkflowState.RUNNING:
        return
    if change.state is WorkflowState.FAILED and (refusal := held_for_exhausted(connection, change, caller)):
        raise refusal
    if change.state is WorkflowState.FAILED and caller.role is not RunRole.GUEST and caller.clear_number > 0:
        change.become(WorkflowState.RUNNING, hold_reason=None, ended_at=None)
        change.journal(EntryKind.WORKFLOW_RESUMED, data={"cause": "a task of it was cleared"})
        return
    remedy = {
        WorkflowState.FAILED: f"Set it going again with: airflow wfstate resume {change.workflow_id}",
        WorkflowState.COMPENSATING: "It is being undone; when that has ended, start the key again.",
        WorkflowState.COMPENSATION_FAILED: "A person must decide about its compensations first.",
    }.get(
        change.state,
        "Clear the whole run: it then starts the next one."
        if change.implicit
        else "Start the workflow again (StartWorkflowOperator) before its steps run.",
    )
    raise WorkflowClosed(
        f"Step {request.name} of DAG {caller.dag_id} cannot begin: workflow {change.name} / {change.key} "
        f"({change.workflow_id}) is {change.state.value}.",
        remedy,
    )


def _new_step(change: Change, caller: Caller, request: BeginStep) -> BegunStep:
    step_id = new_id()
    label = step_label(caller.dag_id, request.name, request.item_key)
    entry = change.journal(EntryKind.STEP_BEGAN, step=label, attempt=1, data=_begin_data(caller, 1))
    change.insert(
        schema.step,
        {
            "id": step_id,
            "workflow_id": change.workflow_id,
            "participant": caller.dag_id,
            "name": request.name,
            "item_key": request.item_key,
            "state": StepState.RUNNING.value,
            "round": 1,
            "attempt": 1,
            "pivot": request.pivot,
            "irreversible": request.irreversible,
            "redact": redact_column(request.redact),
            "started_at": change.now,
            "updated_at": change.now,
        },
    )
    _insert_round(change, step_id, 1, entry)
    _insert_attempt(change, caller, step_id, 1, 1)
    _record_compensation(change, caller, request, step_id, 1, recorded=False)
    return _begun(change, caller, step_id, 1, 1)


def _next_attempt(
    connection: Connection, change: Change, caller: Caller, request: BeginStep, step: StepRow
) -> BegunStep:
    number = step.attempt + 1
    is_new_round = step.state is StepState.SUCCEEDED
    round_number = step.round + 1 if is_new_round else step.round
    before = step.state
    if before in OPEN_STEP_STATES:
        mark_lost(change, step)
        before = StepState.LOST
    entry = change.journal(
        EntryKind.STEP_BEGAN, step=step.label, attempt=number, data=_begin_data(caller, round_number)
    )
    change.update(
        schema.step,
        where={"id": step.id, "attempt": step.attempt},
        values={
            "state": StepState.RUNNING.value,
            "round": round_number,
            "attempt": number,
            "error": None,
            "pivot": request.pivot,
            "irreversible": request.irreversible,
            "redact": redact_column(request.redact),
            "updated_at": change.now,
        },
        from_states=[before],
    )
    if is_new_round:
        _insert_round(change, step.id, round_number, entry)
    else:
        change.update(
            schema.round_,
            where={"step_id": step.id, "number": round_number},
            values={"state": StepState.RUNNING.value, "last_entry": entry},
        )
    _insert_attempt(change, caller, step.id, round_number, number)
    recorded = step.compensation_state is not None and not is_new_round
    _record_compensation(change, caller, request, step.id, round_number, recorded=recorded)
    begun = _begun(change, caller, step.id, round_number, number)
    return replace(begun, checkpoints=_checkpoints(connection, step.id, round_number))


def _insert_round(change: Change, step_id: str, number: int, entry: int) -> None:
    change.insert(
        schema.round_,
        {"step_id": step_id, "number": number, "state": StepState.RUNNING.value, "last_entry": entry},
    )


def _begin_data(caller: Caller, round_number: int) -> dict[str, JsonValue]:
    return {"round": round_number, "task_instance_id": caller.task_instance_id, "try_number": caller.try_number}


def _insert_attempt(change: Change, caller: Caller, step_id: str, round_number: int, number: int) -> None:
    change.insert(
        schema.attempt,
        {
            "step_id": step_id,
            "number": number,
            "round": round_number,
            "state": StepState.RUNNING.value,
            "last_write": 0,
            "task_instance_id": caller.task_instance_id,
            "dag_id": caller.dag_id,
            "run_id": caller.run_id,
            "task_id": caller.task_id,
            "map_index": caller.map_index,
            "try_number": caller.try_number,
            "started_at": change.now,
        },
    )


def _record_compensation(
    change: Change, caller: Caller, request: BeginStep, step_id: str, round_number: int, *, recorded: bool
) -> None:
    """Record the undo before the step acts; a later attempt brings it up to date with the DAG's newest code."""
    declared = request.compensation
    if declared is None:
        return
    values: dict[str, object] = {
        "handler": declared.handler,
        "compensate_when": declared.when.value,
        "max_attempts": declared.max_attempts,
        "dag_id": caller.dag_id,
        "run_id": caller.run_id,
    }
    key = {"step_id": step_id, "round": round_number}
    if recorded:
        change.update(schema.compensation, where=key, values=values, from_states=[CompensationState.ARMED])
        return
    change.insert(
        schema.compensation,
        {
            **key,
            **values,
            "workflow_id": change.workflow_id,
            "state": CompensationState.ARMED.value,
            "attempts": 0,
        },
    )


def _begun(change: Change, caller: Caller, step_id: str, round_number: int, number: int) -> BegunStep:
    key = AttemptKey(STEP, change.workflow_id, step_id, number, round_number, caller.task_instance_id)
    return BegunStep(
        decision=BeginDecision.RUN,
        workflow=change.ref(),
        step_id=step_id,
        attempt=number,
        round=round_number,
        idempotency_key=idempotency_key(step_id, round_number),
        attempt_key=issue(key, change.secret),
    )


def _checkpoints(connection: Connection, step_id: str, round_number: int) -> dict[str, Payload]:
    checkpoint = schema.checkpoint
    rows = connection.execute(
        select(checkpoint.c.name, checkpoint.c.value, checkpoint.c.value_type, checkpoint.c.value_sha256)
        .where(checkpoint.c.step_id == step_id, checkpoint.c.round == round_number)
        .order_by(checkpoint.c.name)
    )
    values = {row.name: payload_of(row.value, row.value_type, row.value_sha256) for row in rows}
    return {name: payload for name, payload in values.items() if payload is not None}
