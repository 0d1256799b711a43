"""Whether the state of a workflow allows a resume, and what to report if it does not."""

from __future__ import annotations

from sqlalchemy import Connection, select

from airflow_wfstate.domain.messages.resume import Refusal
from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import UNFINISHED_RUN_STATES
from airflow_wfstate.store.runs.linked_run import LinkedDagRun


def refusal_of_state(
    connection: Connection, workflow: WorkflowRef, runs: list[LinkedDagRun], *, is_restart: bool
) -> Refusal | None:
    """Return why the workflow's state forbids a resume or restart; None when it allows it.

    A failed workflow may be resumed or restarted, a succeeded one only restarted. A running workflow is stranded, and
    may be resumed, when its owner is gone and no remaining run can continue.
    """
    state = workflow.state
    subject = f"Workflow {workflow.name} / {workflow.key} ({workflow.id})"
    if state is WorkflowState.FAILED or (state is WorkflowState.SUCCEEDED and is_restart):
        return None
    if state is WorkflowState.RUNNING:
        if not is_restart and _is_stranded(runs):
            return None
        return Refusal(f"{subject} is running.", f"Check its progress with: airflow wfstate show {workflow.id}")
    if state is WorkflowState.SUCCEEDED:
        return Refusal(
            f"{subject} has succeeded: nothing is unfinished.",
            f"To run part of it again: airflow wfstate restart {workflow.id} --from STEP",
        )
    if state is WorkflowState.COMPENSATING:
        return Refusal(
            f"{subject} is being compensated.",
            "Wait for it to end, then start its key again to create the next generation.",
        )
    if state is WorkflowState.COMPENSATION_FAILED:
        return Refusal(
            f"{subject} is compensation_failed: {_hold_reason(connection, workflow.id)}",
            "An operator must decide about its compensations; it can no longer be resumed.",
        )
    return Refusal(
        f"{subject} was {state.value}, which is final.",
        "Start its key again to create the next generation.",
    )


def _is_stranded(runs: list[LinkedDagRun]) -> bool:
    deciding = [run for run in runs if run.decides]
    owner_is_gone = any(run.role is RunRole.OWNER and run.dag_run is None for run in deciding)
    return owner_is_gone and not any(run.state in UNFINISHED_RUN_STATES for run in deciding)


def _hold_reason(connection: Connection, workflow_id: str) -> str:
    reason: str | None = connection.execute(
        select(schema.workflow.c.hold_reason).where(schema.workflow.c.id == workflow_id)
    ).scalar_one()
    return reason or "a compensation failed."
