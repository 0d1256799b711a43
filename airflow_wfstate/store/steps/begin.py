"""Begin a step: create the next attempt, or answer that there is nothing to do.

Together with ``end_attempt.py`` this is the hot path; ``hot_path.py`` handles the plain case of both on PostgreSQL.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.step import LEFT_BEHIND, BeginDecision, BeginStep, BegunStep, OnClear
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, StepState, WorkflowState
from airflow_wfstate.exceptions import StaleAttempt, WorkflowClosed
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.schema import NO_PLACE
from airflow_wfstate.store.database.transaction import Refused, Unchanged
from airflow_wfstate.store.steps.accepted import accept_step
from airflow_wfstate.store.steps.attempt_cap import held_for_exhausted, hold_for_exhausted, is_exhausted
from airflow_wfstate.store.steps.begin_request import check_begin
from airflow_wfstate.store.steps.begun import begun_step, checkpoints_of
from airflow_wfstate.store.steps.clear_by_hand import is_to_run_again, reopen
from airflow_wfstate.store.steps.collision import check_other_item, check_other_task
from airflow_wfstate.store.steps.new_attempt import insert_next_attempt, insert_step
from airflow_wfstate.store.steps.rename import rename_former
from airflow_wfstate.store.steps.row import StepRow, find_step
from airflow_wfstate.store.workflows.caller import Caller, read_caller
from airflow_wfstate.store.workflows.change import Change, lock_by_task_instance
from airflow_wfstate.store.workflows.failed_state import TASK_CLEARED, continue_failed
from airflow_wfstate.store.workflows.implicit_workflow import start_implicit_workflow, starts_next_generation


def begin_step(connection: Connection, request: BeginStep) -> BegunStep | Unchanged[BegunStep] | Refused:
    """Begin the step, as described at ``StateBackend.begin_step``."""
    request = check_begin(request)
    change = lock_by_task_instance(connection, request.task_instance_id, actor="")
    caller = read_caller(connection, request.task_instance_id)
    if change is not None and starts_next_generation(connection, change, caller):
        change.write()
        change = None
    if change is None:
        change = start_implicit_workflow(connection, caller)
        caller = replace(caller, workflow_id=change.workflow_id, role=RunRole.OWNER, place=NO_PLACE)
    change.actor = caller.actor
    step = find_step(connection, change.workflow_id, caller.dag_id, caller.place, request.name, request.item_key)
    is_renamed = step is None and rename_former(change, caller, request)
    if is_renamed:
        step = find_step(connection, change.workflow_id, caller.dag_id, caller.place, request.name, request.item_key)
    if step is not None:
        check_other_task(connection, caller, request, step)
        if step.is_marked_done and change.state is WorkflowState.RUNNING and not _is_of_run_of(caller, step):
            accept_step(connection, change, step)
            change.write()
            return BegunStep(BeginDecision.ANSWERED, change.ref(), step.id, answered_state=StepState.SKIPPED)
        answer = _without_new_attempt(connection, change, caller, step, request)
        if isinstance(answer, Unchanged) and is_renamed:
            change.write()  # keeps the step's new name
            return answer.answer
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
        insert_step(connection, change, caller, request)
        if step is None
        else insert_next_attempt(connection, change, caller, request, step)
    )
    if request.relay_task_id != caller.relay_task_id and request.relay_task_id is not None:
        change.update(
            schema.run,
            where={"workflow_id": change.workflow_id, "dag_id": caller.dag_id, "run_id": caller.run_id},
            values={"relay_task_id": request.relay_task_id},
        )
    change.write()
    return begun


def _without_new_attempt(
    connection: Connection, change: Change, caller: Caller, step: StepRow, request: BeginStep
) -> BegunStep | Unchanged[BegunStep] | None:
    """Return the answer if the step's state needs no new attempt; None if it does.

    :raises StepCollision: the step belongs to another item.
    """
    runs_again = step.state is StepState.SUCCEEDED and _wants_rerun(connection, change, caller, step, request.on_clear)
    check_other_item(caller, request, step, is_new_round=runs_again)
    if step.state in OPEN_STEP_STATES:
        if step.task_instance_id == caller.task_instance_id:
            return _same_attempt(connection, change, caller, step)
        if not step.holder_is_over:
            return Unchanged(BegunStep(BeginDecision.BUSY, change.ref(), step.id, holder=step.holder))
    if step.state in (StepState.FAILED, StepState.LOST) and step.task_instance_id == caller.task_instance_id:
        # A repeated begin that arrived late. Nobody would run a new attempt.
        raise StaleAttempt(
            f"Attempt {step.attempt} of step {step.name}, which this task instance began, "
            f"{'has failed' if step.state is StepState.FAILED else 'is lost'}.",
            "A retry or a clear of the task begins the next attempt.",
        )
    if step.state is StepState.SUCCEEDED and not runs_again:
        return Unchanged(
            BegunStep(
                BeginDecision.ANSWERED,
                change.ref(),
                step.id,
                output=None if step.output is None else step.output.open(),
                answered_state=StepState.SUCCEEDED,
                checkpoints=checkpoints_of(connection, step.id, step.round, only=LEFT_BEHIND),
            )
        )
    same_run = _is_of_run_of(caller, step)
    if step.state is StepState.SKIPPED and not (same_run and change.state is WorkflowState.RUNNING):
        return Unchanged(BegunStep(BeginDecision.ANSWERED, change.ref(), step.id, answered_state=StepState.SKIPPED))
    if caller.role is RunRole.GUEST and change.state is WorkflowState.SUCCEEDED:
        return Unchanged(BegunStep(BeginDecision.SKIPPED, change.ref(), step.id))
    return None


def _is_of_run_of(caller: Caller, step: StepRow) -> bool:
    """Whether the step's newest attempt was made in the caller's run."""
    return (step.dag_id, step.run_id) == (caller.dag_id, caller.run_id)


def _wants_rerun(connection: Connection, change: Change, caller: Caller, step: StepRow, on_clear: OnClear) -> bool:
    """Whether a succeeded step gets its next round: its task was cleared manually, and its author allows a rerun."""
    return (
        on_clear is OnClear.RERUN
        and step.task_instance_id != caller.task_instance_id
        and not (caller.role is RunRole.GUEST and change.state is WorkflowState.SUCCEEDED)
        and is_to_run_again(connection, caller, step)
    )


def _same_attempt(
    connection: Connection, change: Change, caller: Caller, step: StepRow
) -> BegunStep | Unchanged[BegunStep]:
    begun = begun_step(change, caller, step.id, step.round, step.attempt)
    begun = replace(begun, writes_applied=step.last_write, checkpoints=checkpoints_of(connection, step.id, step.round))
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
    change.journal(EntryKind.STEP_CONTINUED, step=step.label, step_id=step.id, attempt=step.attempt)
    change.write()
    return begun


def _check_open(connection: Connection, change: Change, caller: Caller, request: BeginStep) -> None:
    if change.state is WorkflowState.RUNNING:
        return
    if change.state is WorkflowState.FAILED and (refusal := held_for_exhausted(connection, change, caller)):
        raise refusal
    if change.state is WorkflowState.FAILED and caller.role is not RunRole.GUEST and caller.was_cleared_since_failure:
        continue_failed(change, TASK_CLEARED)
        return
    remedy = {
        WorkflowState.FAILED: f"Resume it with: airflow wfstate resume {change.workflow_id}",
        WorkflowState.COMPENSATING: "It is being undone; start the key again once that has ended.",
        WorkflowState.COMPENSATION_FAILED: "An operator must decide about its compensations first.",
        WorkflowState.SUCCEEDED: "Clear the whole run to start the next one."
        if change.implicit
        else "It was completed without this step. Move the completing task downstream of all steps, and do the work "
        "of this one with a new key: a run that starts this key again does nothing twice, and nothing more.",
    }.get(
        change.state,
        "Clear the whole run to start the next one."
        if change.implicit
        else "Start the workflow again (StartWorkflowOperator) before its steps run.",
    )
    raise WorkflowClosed(
        f"Step {request.name} of DAG {caller.dag_id} cannot begin: workflow {change.name} / {change.key} "
        f"({change.workflow_id}) is {change.state.value}.",
        remedy,
    )
