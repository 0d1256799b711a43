"""Complete a workflow: it ends as succeeded."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine, select

from airflow_wfstate.domain.messages.workflow import CompletedWorkflow, CompleteWorkflow
from airflow_wfstate.domain.rules.payload import JsonValue, Payload
from airflow_wfstate.domain.rules.plan import progress
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.exceptions import WorkflowClosed, WorkflowNotFound, WorkflowUnfinished
from airflow_wfstate.store.compensation.armed import armed_compensations
from airflow_wfstate.store.compensation.complete import complete
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import UNFINISHED_RUN_STATES, dag_run
from airflow_wfstate.store.database.transaction import Unchanged, run_read
from airflow_wfstate.store.definitions.content import read_definition
from airflow_wfstate.store.payloads.checks import check_payload
from airflow_wfstate.store.payloads.stored_payload import StoredPayload, goes_into_file, keep, keep_inline, payload_of
from airflow_wfstate.store.runs.ancestry import GuestRuns, ancestor_step_ids
from airflow_wfstate.store.steps.accepted import accept_marked_steps, unaccepted_failed_run
from airflow_wfstate.store.steps.attempt_cap import held_for_exhausted
from airflow_wfstate.store.steps.counts import count_steps
from airflow_wfstate.store.steps.failed import check_failed_steps
from airflow_wfstate.store.steps.lost_attempt import mark_lost
from airflow_wfstate.store.steps.of_services import open_step_of_service
from airflow_wfstate.store.steps.row import open_steps
from airflow_wfstate.store.workflows.caller import Caller, check_task_instance_id, read_caller
from airflow_wfstate.store.workflows.change import Change, lock_by_task_instance
from airflow_wfstate.store.workflows.deciding_runs import deciding_runs
from airflow_wfstate.store.workflows.failed_state import TASK_CLEARED, continue_failed


def keep_workflow_output(engine: Engine, request: CompleteWorkflow) -> StoredPayload:
    """Store the output of a workflow that is about to be completed.

    :raises InvalidRequest: the output cannot be stored.
    """
    check_payload("output", request.output)
    if not goes_into_file(request.output):
        return keep_inline(request.output)
    task_instance_id = check_task_instance_id(request.task_instance_id)
    caller = run_read(engine, lambda connection: read_caller(connection, task_instance_id))
    if caller.workflow_id is None:
        raise _no_workflow(caller)
    return keep(request.output, f"{caller.workflow_id}/output")


def complete_workflow(
    connection: Connection, request: CompleteWorkflow, output: StoredPayload
) -> CompletedWorkflow | Unchanged[CompletedWorkflow]:
    """Complete the workflow, as described at ``StateBackend.complete_workflow``.

    :param output: the request's output, as stored by :func:`keep_workflow_output`.
    """
    request = replace(request, task_instance_id=check_task_instance_id(request.task_instance_id))
    change = lock_by_task_instance(connection, request.task_instance_id, actor="")
    caller = read_caller(connection, request.task_instance_id)
    if change is None:
        raise _no_workflow(caller)
    change.actor = caller.actor
    not_reached = _not_reached(connection, change)
    if change.state is WorkflowState.SUCCEEDED:
        return Unchanged(CompletedWorkflow(change.ref(), _stored_output(connection, change), not_reached))
    waits_for = _check_may_complete(connection, change, caller, over_failed_steps=request.over_failed_steps)
    if waits_for is not None:
        return Unchanged(CompletedWorkflow(change.ref(), Payload.of(None), not_reached, waits_for))
    complete(change, output, not_reached)
    change.write()
    return CompletedWorkflow(change.ref(), request.output, not_reached)


def complete_unasked(connection: Connection, change: Change, cause: str) -> None:
    """Complete a running workflow without an operator's request. A reopened workflow keeps its earlier output.

    :param cause: why, for the journal.
    """
    discarded = [item.step for item in armed_compensations(connection, change.workflow_id)]
    not_reached = _not_reached(connection, change)
    data: dict[str, JsonValue] = {"cause": cause, "discarded": list(discarded)}
    complete(change, None if change.reopened else keep_inline(Payload.of(None)), not_reached, data)


def _no_workflow(caller: Caller) -> WorkflowNotFound:
    return WorkflowNotFound(
        f"Run {caller.run_id} of DAG {caller.dag_id} belongs to no workflow.",
        "Start one first, with StartWorkflowOperator or a step.",
    )


def _check_may_complete(
    connection: Connection, change: Change, caller: Caller, *, over_failed_steps: bool
) -> str | None:
    """Return what the completion must wait for; None when it may go ahead.

    A guest waits for the owner. The owner waits for steps and runs that only its guests began. Both waits end by
    themselves.

    :raises WorkflowUnfinished: a step or child run of the workflow itself is open, and nothing is known to end it.
    """
    subject = f"Workflow {change.name} / {change.key} ({change.workflow_id})"
    if (
        change.state is WorkflowState.FAILED
        and caller.role is not RunRole.GUEST
        and caller.was_cleared_since_failure
        and not held_for_exhausted(connection, change, caller)
    ):
        continue_failed(change, TASK_CLEARED)
        change.write()
    if change.state is not WorkflowState.RUNNING:
        raise WorkflowClosed(f"{subject} is {change.state.value}.", _closed_remedy(change, caller))
    if caller.role is RunRole.GUEST:
        return f"{subject} is still running, and run {caller.run_id} of DAG {caller.dag_id} is only a guest of it"
    waits_for: str | None = None
    guests = GuestRuns(connection, change.workflow_id)
    waiting_for_caller = ancestor_step_ids(connection, change.workflow_id, caller.dag_id, caller.run_id)
    accept_marked_steps(connection, change)
    open_now = [step for step in open_steps(connection, change.workflow_id) if step.id not in waiting_for_caller]
    mark_lost(change, [step for step in open_now if step.holder_is_over])
    for step in open_now:
        if step.holder_is_over:
            continue
        open_step = f"{subject} has an open step: {step.label} is {step.state.value} in {step.holder}"
        if not guests.has(step.dag_id, step.run_id):
            raise WorkflowUnfinished(f"{open_step}.", "Move the completing task downstream of all steps.")
        waits_for = waits_for or f"{open_step}, a run of its guest"
    check_failed_steps(connection, change.workflow_id, caller, subject, over_failed_steps=over_failed_steps)
    at_service = open_step_of_service(connection, change.workflow_id, subject, over_failed_steps=over_failed_steps)
    waits_for = waits_for or at_service
    failed = unaccepted_failed_run(connection, change.workflow_id, but=(caller.dag_id, caller.run_id))
    if failed is not None:
        how = "failed" if failed.state == "failed" else "ended although one of its steps failed or is lost"
        raise WorkflowUnfinished(
            f"{subject} cannot succeed: run {failed.run_id} of DAG {failed.dag_id} {how}.",
            f"Resume it with: airflow wfstate resume {change.workflow_id}; or mark the failed tasks as success in "
            "Airflow.",
        )
    for child in _unfinished_children(connection, change.workflow_id, caller, waiting_for_caller):
        unfinished = f"{subject} has an unfinished child run: {child.dag_id}/{child.run_id} is {child.state}"
        if not guests.has(child.dag_id, child.run_id):
            raise WorkflowUnfinished(
                f"{unfinished}.", "Make TriggerWorkflowDagRunOperator wait for it (wait_for_completion=True)."
            )
        waits_for = waits_for or f"{unfinished}, triggered by a guest"
    return waits_for


def _closed_remedy(change: Change, caller: Caller) -> str:
    if caller.role is not RunRole.GUEST:
        return "Only a running workflow can be completed."
    if change.state in (WorkflowState.FAILED, WorkflowState.COMPENSATION_FAILED):
        return (
            "This run is only a guest and gets no output. The workflow is on hold until an operator decides "
            f"(airflow wfstate show {change.workflow_id}). If it succeeds after all, clear this task."
        )
    return "This run is only a guest and gets no output. Clear the whole run to start the key's next generation."


@dataclass(frozen=True)
class _UnfinishedChild:
    dag_id: str
    run_id: str
    state: str


def _unfinished_children(
    connection: Connection, workflow_id: str, caller: Caller, waiting_for_caller: set[str]
) -> list[_UnfinishedChild]:
    run = schema.run
    rows = connection.execute(
        deciding_runs(run.c.dag_id, run.c.run_id, run.c.parent_step_id, dag_run.c.state, of=workflow_id)
        .where(run.c.role == RunRole.CHILD.value, dag_run.c.state.in_(UNFINISHED_RUN_STATES))
        .order_by(run.c.dag_id, run.c.run_id)
    )
    return [
        _UnfinishedChild(row.dag_id, row.run_id, row.state)
        for row in rows
        if (row.dag_id, row.run_id) != (caller.dag_id, caller.run_id) and row.parent_step_id not in waiting_for_caller
    ]


def _not_reached(connection: Connection, change: Change) -> list[str]:
    definition = read_definition(connection, change.name, change.definition_sha256)
    return progress(definition.plan, count_steps(connection, [change.workflow_id])[change.workflow_id]).remaining


def _stored_output(connection: Connection, change: Change) -> Payload:
    workflow = schema.workflow
    row = connection.execute(
        select(workflow.c.output, workflow.c.output_type, workflow.c.output_sha256).where(
            workflow.c.id == change.workflow_id
        )
    ).one()
    return payload_of(row.output, row.output_type, row.output_sha256) or Payload.of(None)
