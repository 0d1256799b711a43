"""Start a workflow: create a generation, or join the one that the key already has."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from airflow_wfstate.domain.messages.workflow import StartedWorkflow, StartWorkflow
from airflow_wfstate.domain.rules.deadline import check_deadline
from airflow_wfstate.domain.rules.labels import check_labels
from airflow_wfstate.domain.rules.payload import JsonValue, Payload
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.start_again import StartDecision, decide_start
from airflow_wfstate.domain.rules.states import FINAL_WORKFLOW_STATES, UNSETTLED_COMPENSATION_STATES, WorkflowState
from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.exceptions import AccessDenied, InputMismatch, InvalidRequest, WorkflowClosed, WorkflowExists
from airflow_wfstate.store.actions.cancel import cancel_locked
from airflow_wfstate.store.actions.start_definition import definition_of_start, given_definition
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.identity import new_id
from airflow_wfstate.store.database.transaction import Contention, Unchanged
from airflow_wfstate.store.definitions.content import check_definition, read_definition
from airflow_wfstate.store.events.batch import apply_parked
from airflow_wfstate.store.payloads.checks import check_payload
from airflow_wfstate.store.payloads.stored_payload import StoredPayload, keep, payload_of
from airflow_wfstate.store.steps.clear_by_hand import reopen, was_cleared_since
from airflow_wfstate.store.workflows.caller import Caller, check_task_instance_id, read_caller
from airflow_wfstate.store.workflows.change import Change, lock_by_id
from airflow_wfstate.store.workflows.failed_state import continue_failed
from airflow_wfstate.store.workflows.input_difference import how_input_differs
from airflow_wfstate.store.workflows.new_workflow import NewWorkflow, bind_run, insert_workflow
from airflow_wfstate.store.workflows.start_key import key_of_start


@dataclass(frozen=True)
class KeptInput:
    """The stored input of a start.

    :param workflow_id: the id that a new generation will get; an input file is named after it.
    """

    workflow_id: str
    payload: StoredPayload


def keep_input(request: StartWorkflow) -> KeptInput:
    """Store the input of a workflow that is about to be started.

    :raises InvalidRequest: the input cannot be stored.
    """
    check_payload("input", request.input)
    workflow_id = new_id()
    return KeptInput(workflow_id, keep(request.input, f"{workflow_id}/input"))


def start_workflow(
    connection: Connection, request: StartWorkflow, kept: KeptInput, *, may_change_runs: bool = True
) -> StartedWorkflow | Unchanged[StartedWorkflow]:
    """Start the workflow, as described at ``StateBackend.start_workflow``.

    :param kept: the request's input, as stored by :func:`keep_input`.
    :param may_change_runs: whether this process may end the runs of a workflow that the start terminates.
    """
    request = _checked(request)
    caller = read_caller(connection, request.task_instance_id)
    request = replace(request, key=key_of_start(connection, request, caller))
    newest = _newest_generation(connection, request)
    _check_not_bound_elsewhere(connection, request, caller)
    if newest is None or newest.state in FINAL_WORKFLOW_STATES:
        return _start_generation(connection, request, kept, caller, 1 if newest is None else newest.number + 1)
    change = lock_by_id(connection, newest.id, caller.actor)
    if change is None or change.state in FINAL_WORKFLOW_STATES:
        raise Contention(f"workflow {request.name} / {request.key} has just ended")
    own_role = caller.role if caller.workflow_id == change.workflow_id else None
    decision = decide_start(
        change.state,
        request.if_exists,
        is_own=own_role is not None and own_role.decides,
        is_cleared=caller.was_cleared_since_failure,
        takes_part=own_role is not None,
        same_input=change.input_sha256 == request.input.sha256,
    )
    _check_not_refused(connection, change, request, decision)
    differs = how_input_differs(connection, change, request.input)
    if decision is StartDecision.WAIT:
        _check_not_waiting_for_itself(connection, change, caller)
        # A run that does not take part may not learn which fields only the stored input has.
        return Unchanged(replace(_busy(change, own_role), input_differs=[] if own_role is None else differs))
    if own_role is None or decision is StartDecision.TERMINATE:
        _check_may_join(connection, change, request, caller)
    if decision is StartDecision.TERMINATE:
        return _terminate(connection, change, request, kept, caller, may_change_runs=may_change_runs)
    return _join(connection, change, caller, own_role, decision, differs)


def _check_not_waiting_for_itself(connection: Connection, change: Change, caller: Caller) -> None:
    """Check that the start does not wait for the relay of the caller's own run, which can only run after it.

    :raises WorkflowClosed: it would wait for its own relay.
    """
    compensation = schema.compensation
    own_undo = connection.execute(
        select(compensation.c.step_id)
        .where(
            compensation.c.workflow_id == change.workflow_id,
            compensation.c.dag_id == caller.dag_id,
            compensation.c.run_id == caller.run_id,
            compensation.c.state.in_([state.value for state in UNSETTLED_COMPENSATION_STATES]),
        )
        .limit(1)
    ).scalar_one_or_none()
    if own_undo is not None:
        raise WorkflowClosed(
            f"Workflow {change.name} / {change.key} ({change.workflow_id}) is being compensated by the relay of this "
            f"very run {caller.run_id} of DAG {caller.dag_id}. The run cannot wait for itself; compensation continues "
            "once this task has failed.",
            "When the workflow is compensated, clear the whole run again: it then starts the key's next generation.",
        )


def _checked(request: StartWorkflow) -> StartWorkflow:
    check_name("workflow name", request.name)
    check_name("workflow key", request.key)
    if request.correlation_id is not None:
        check_name("correlation id", request.correlation_id)
    if request.relay_task_id is not None:
        check_name("relay's task id", request.relay_task_id)
    check_labels(request.labels)
    if request.deadline_at is not None:
        check_deadline(request.deadline_at)
        if request.deadline_seconds is not None:
            raise InvalidRequest("The start has both deadline_seconds and deadline_at.", "Give only one of them.")
    check_definition(given_definition(request))
    return replace(request, task_instance_id=check_task_instance_id(request.task_instance_id))


@dataclass(frozen=True)
class _Generation:
    id: str
    state: WorkflowState
    number: int


def _newest_generation(connection: Connection, request: StartWorkflow) -> _Generation | None:
    workflow = schema.workflow
    row = connection.execute(
        select(workflow.c.id, workflow.c.state, workflow.c.generation)
        .where(workflow.c.name == request.name, workflow.c.key == request.key)
        .order_by(workflow.c.generation.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _Generation(row.id, WorkflowState(row.state), row.generation)


def _check_not_bound_elsewhere(connection: Connection, request: StartWorkflow, caller: Caller) -> None:
    if caller.workflow_id is None:
        return
    workflow = schema.workflow
    bound = connection.execute(
        select(workflow.c.name, workflow.c.key, workflow.c.state).where(workflow.c.id == caller.workflow_id)
    ).one()
    if (bound.name, bound.key) == (request.name, request.key):
        return
    if WorkflowState(bound.state) not in FINAL_WORKFLOW_STATES:
        raise WorkflowExists(
            f"Run {caller.run_id} of DAG {caller.dag_id} belongs to the workflow {bound.name} / {bound.key} "
            f"({caller.workflow_id}), which is {bound.state}. Its start now asks for {request.name} / {request.key}.",
            "A run belongs to one workflow. If its conf, its params or its DAG's code has changed since, trigger a new "
            "run for the other one. If the DAG starts two workflows, move one of them to a DAG of its own.",
        )


def _start_generation(
    connection: Connection, request: StartWorkflow, kept: KeptInput, caller: Caller, generation: int
) -> StartedWorkflow:
    new = NewWorkflow(
        name=request.name,
        key=request.key,
        generation=generation,
        id=kept.workflow_id,
        input=kept.payload,
        definition=definition_of_start(connection, request, caller),
        correlation_id=request.correlation_id,
        labels=request.labels,
        relay_task_id=request.relay_task_id,
        deadline_at=request.deadline_at,
    )
    change = insert_workflow(connection, new, caller)
    if change is not None:
        if new.definition.choreography is not None:
            apply_parked(connection, change)
        return StartedWorkflow(workflow=change.ref(), role=RunRole.OWNER)
    raise Contention(f"workflow {request.name} / {request.key} was started by another request")


def _named(connection: Connection, change: Change, request: StartWorkflow) -> str:
    """The fields of the caller's own input that differ, as a sentence. Says nothing about fields that only the stored
    input has, because the caller may not be allowed to read it.
    """
    own = json.loads(request.input.text)
    differing = how_input_differs(connection, change, request.input)
    fields = [name for name in differing if isinstance(own, dict) and name in own]
    return f" They differ in: {', '.join(fields)}; 1 and '1' are different." if fields else ""


def _check_not_refused(connection: Connection, change: Change, request: StartWorkflow, decision: StartDecision) -> None:
    if decision is StartDecision.OTHER_INPUT:
        raise InputMismatch(
            f"Workflow {change.name} / {change.key} was started with input {change.input_sha256}, "
            f"but this start has input {request.input.sha256}.{_named(connection, change, request)}",
            "Use another key for another input, or pass the same input again; if_exists='terminate' ends an open "
            "workflow and starts one with the new input.",
        )
    if decision is StartDecision.HELD:
        held_by = connection.execute(
            select(schema.workflow.c.hold_reason).where(schema.workflow.c.id == change.workflow_id)
        ).scalar_one()
        raise WorkflowClosed(
            f"Workflow {change.name} / {change.key} ({change.workflow_id}) is compensation_failed: {held_by}",
            "An operator must decide about its compensations first.",
        )
    if decision is StartDecision.EXISTS:
        raise WorkflowExists(
            f"Workflow {change.name} / {change.key} is already {change.state.value} ({change.workflow_id}).",
            "Wait for it to end, or start with if_exists='attach' or 'terminate'.",
        )


def _terminate(
    connection: Connection,
    change: Change,
    request: StartWorkflow,
    kept: KeptInput,
    caller: Caller,
    *,
    may_change_runs: bool,
) -> StartedWorkflow:
    """End the open workflow of the key. If there is nothing to undo, begin the next generation at once."""
    if not may_change_runs:
        raise AccessDenied(
            "A worker with a connection of type postgres may not end the runs of workflow "
            f"{change.name} / {change.key}, which if_exists='terminate' requires.",
            "Use a connection of type wfstate, or none, for the StartWorkflowOperator.",
        )
    definition_of_start(connection, request, caller)  # raises before anything is ended
    reason = f"started again by run {caller.run_id} of DAG {caller.dag_id}"
    cancel_locked(connection, change, compensate=True, by="terminate", reason=reason)
    if change.state is WorkflowState.COMPENSATING:
        return _busy(change, None)
    return _start_generation(connection, request, kept, caller, change.generation + 1)


def _busy(change: Change, own_role: RunRole | None) -> StartedWorkflow:
    return StartedWorkflow(workflow=change.ref(), role=own_role or RunRole.GUEST, busy=True)


def _join(
    connection: Connection,
    change: Change,
    caller: Caller,
    own_role: RunRole | None,
    decision: StartDecision,
    differs: list[str],
) -> StartedWorkflow | Unchanged[StartedWorkflow]:
    """Bind the caller's run to the key's open or succeeded generation, and return the answer.

    :param differs: the input fields in which the caller's input differs from the stored one.
    """
    role = own_role or RunRole.GUEST
    output = _read_output(connection, change) if change.state is WorkflowState.SUCCEEDED else None
    if own_role is None:
        bind_run(connection, change, caller.dag_id, caller.run_id, RunRole.GUEST)
    elif (
        change.state is WorkflowState.SUCCEEDED
        and own_role is not RunRole.GUEST
        and _is_cleared_since_its_end(connection, change, caller)
    ):
        reopen(change, _difference_entry(differs))
        output = None
    elif decision is StartDecision.RESUME:
        continue_failed(change, "its own run started it again", _difference_entry(differs))
    else:
        return Unchanged(StartedWorkflow(workflow=change.ref(), role=role, output=output, input_differs=differs))
    change.write()
    return StartedWorkflow(workflow=change.ref(), role=role, output=output, input_differs=differs)


def _difference_entry(differs: list[str]) -> dict[str, JsonValue]:
    """The entry for the journal: names of input fields, never values."""
    return {"input_differs": list(differs)} if differs else {}


def _is_cleared_since_its_end(connection: Connection, change: Change, caller: Caller) -> bool:
    """Whether the task that started a succeeded workflow has been cleared since that workflow ended."""
    workflow = schema.workflow
    ended_at: datetime | None = connection.execute(
        select(workflow.c.ended_at).where(workflow.c.id == change.workflow_id)
    ).scalar_one()
    return ended_at is not None and was_cleared_since(connection, caller, ended_at)


def _check_may_join(connection: Connection, change: Change, request: StartWorkflow, caller: Caller) -> None:
    definition = read_definition(connection, change.name, change.definition_sha256)
    if caller.dag_id not in {*definition.participants, *_linked_dag_ids(connection, change.workflow_id)}:
        raise AccessDenied(
            f"DAG {caller.dag_id} does not take part in workflow {change.name} / {change.key}.",
            "List it in participants=[...] where the workflow is started, or trigger it from one of its steps.",
        )


def _linked_dag_ids(connection: Connection, workflow_id: str) -> set[str]:
    return set(connection.execute(select(schema.run.c.dag_id).where(schema.run.c.workflow_id == workflow_id)).scalars())


def _read_output(connection: Connection, change: Change) -> Payload | None:
    workflow = schema.workflow
    row = connection.execute(
        select(workflow.c.output, workflow.c.output_type, workflow.c.output_sha256).where(
            workflow.c.id == change.workflow_id
        )
    ).one()
    return payload_of(row.output, row.output_type, row.output_sha256)
