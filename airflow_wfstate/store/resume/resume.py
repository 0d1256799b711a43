"""Carry out a resume or restart: our rows, the journal entry and Airflow's rows change in one transaction.

Only for processes that may use Airflow's ORM: the api-server and the command line, never a worker.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from airflow_wfstate.domain.messages.code import Code, RunCode
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.resume import ResumedWorkflow, ResumePlan, ResumeWorkflow
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.text.counted import counted
from airflow_wfstate.domain.rules.text.reason import MAX_REASON_LENGTH
from airflow_wfstate.exceptions import Conflict, InvalidRequest, WorkflowClosed
from airflow_wfstate.redaction import recorded_text
from airflow_wfstate.store.database.transaction import Contention, Unchanged
from airflow_wfstate.store.resume.definition_change import adopt_definition
from airflow_wfstate.store.resume.plan import prepare_resume
from airflow_wfstate.store.resume.run_create import BY_RESUME, create_run
from airflow_wfstate.store.resume.step_changes import carry_out
from airflow_wfstate.store.runs.clear import restart_runs
from airflow_wfstate.store.steps.clear_by_hand import reopen
from airflow_wfstate.store.workflows.change import Change, lock_by_id
from airflow_wfstate.store.workflows.id import check_exists

_LONGEST_DEADLINE_SECONDS: Final = 100 * 366 * 86400


def resume_workflow(connection: Connection, request: ResumeWorkflow) -> ResumedWorkflow | Unchanged[ResumedWorkflow]:
    """Resume or restart the workflow, as described at ``StateBackend.resume_workflow``."""
    from airflow.models.dagbag import DBDagBag

    _check_deadline(request.deadline_seconds)
    request = replace(request, workflow_id=check_exists(connection, request.workflow_id))
    change = lock_by_id(connection, request.workflow_id, request.actor)
    if change is None:
        raise Contention(f"workflow {request.workflow_id} has just been deleted")
    change.check_version(request.if_version)
    dag_bag = DBDagBag(load_op_links=False)
    # The session joins the connection's transaction and leaves it open.
    with Session(connection) as session:
        prepared = prepare_resume(session, dag_bag, request)
        plan = prepared.plan
        if not plan.allowed:
            return Unchanged(_nothing_to_do(change, request, plan))
        _record(change, request, plan)
        carry_out(change, prepared.changes)
        restart_runs(session, dag_bag, prepared.task_states, prepared.run_states, prepared.latest_dag_run_ids)
        for run in plan.recreated_runs:
            if run.created_by == BY_RESUME:
                create_run(session, dag_bag, run, request.actor.partition(":")[2])
        session.flush()
    change.write()
    return _answer(change, plan)


def _check_deadline(seconds: int | None) -> None:
    if seconds is not None and not 0 < seconds <= _LONGEST_DEADLINE_SECONDS:
        raise InvalidRequest(
            f"The deadline of {counted(seconds, 'second')} is out of range.",
            "Give a positive duration, or leave it out.",
        )


def _nothing_to_do(change: Change, request: ResumeWorkflow, plan: ResumePlan) -> ResumedWorkflow:
    """The answer when the workflow is already in the requested condition.

    :raises WorkflowClosed: the workflow's state forbids the request.
    :raises Conflict: something else forbids it.
    """
    assert plan.refusal is not None  # noqa: S101 - a plan that is not allowed has a refusal
    reason, remedy = plan.refusal.reason, plan.refusal.remedy
    if request.from_step is None and change.state in (WorkflowState.RUNNING, WorkflowState.SUCCEEDED):
        return ResumedWorkflow(change.ref(), changed=False, outcome=f"{reason} {remedy}")
    if change.state is WorkflowState.FAILED or change.state is WorkflowState.SUCCEEDED:
        raise Conflict(reason, remedy)
    raise WorkflowClosed(reason, remedy)


def _record(change: Change, request: ResumeWorkflow, plan: ResumePlan) -> None:
    """Write our side of the resume: state, deadline, journal."""
    data: dict[str, JsonValue] = {
        "by": "resume" if plan.from_step is None else "restart",
        "way": request.way.value,
        "reason": recorded_text(request.reason, MAX_REASON_LENGTH),
        "from": change.state.value,
        "from_step": plan.from_step,
        "cleared_tasks": len(plan.tasks),
        "cleared_relays": len(plan.relays),
        "recreated_runs": [f"{run.dag_id}/{run.run_id}" for run in plan.recreated_runs],
        "deadline_seconds": request.deadline_seconds,
        "code": [_code_entry(run) for run in plan.code if run.is_versioned],
    }
    if plan.definition is not None and plan.definition.is_adopted:
        data["definition"] = adopt_definition(change, plan.definition)
    if change.state is WorkflowState.SUCCEEDED:
        reopen(change, data)
    else:
        if change.state is not WorkflowState.RUNNING:
            change.become(WorkflowState.RUNNING, hold_reason=None, ended_at=None, error=None)
        change.journal(EntryKind.WORKFLOW_RESUMED, data=data)
    if request.deadline_seconds is not None:
        change.set(deadline_at=change.now + timedelta(seconds=request.deadline_seconds), deadline_acted_at=None)


def _code_entry(run: RunCode) -> JsonValue:
    used = run.latest if run.uses is Code.LATEST and run.latest is not None else run.own
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "uses": run.uses.value,
        "dag_version": used.dag_version,
        "bundle_version": used.bundle_version,
    }


def _answer(change: Change, plan: ResumePlan) -> ResumedWorkflow:
    cleared = f"{counted(len(plan.tasks), 'task')} and {counted(len(plan.relays), 'relay')}"
    parts = [f"{cleared} were cleared in {counted(len(plan.runs), 'run')}"]
    if plan.recreated_runs:
        are = "is" if len(plan.recreated_runs) == 1 else "are"
        parts.append(f"{counted(len(plan.recreated_runs), 'run')} {are} recreated")
    if plan.paused_dags:
        parts.append(f"nothing runs until you unpause {', '.join(dag.dag_id for dag in plan.paused_dags)}")
    return ResumedWorkflow(
        workflow=change.ref(),
        changed=True,
        outcome=f"It is running again: {'; '.join(parts)}.",
        cleared_tasks=len(plan.tasks),
        cleared_relays=len(plan.relays),
        recreated_runs=len(plan.recreated_runs),
        paused_dag_ids=[dag.dag_id for dag in plan.paused_dags],
    )
