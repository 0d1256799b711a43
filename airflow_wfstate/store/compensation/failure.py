"""Fail a workflow: it is then compensated, or put on hold until an operator decides."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, and_, case, select

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.policies import FailurePolicy
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.domain.rules.text.names import storable_text
from airflow_wfstate.store.compensation.pivot import pivot_at_work, why_only_forward
from airflow_wfstate.store.compensation.relay import has_relay
from airflow_wfstate.store.compensation.service_undo import may_be_undone_by_services
from airflow_wfstate.store.compensation.staying_steps import undo_counts
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import task_instance
from airflow_wfstate.store.runs.fail import fail_unfinished_tasks, runs_to_end
from airflow_wfstate.store.runs.verdict import root_failure
from airflow_wfstate.store.steps.undo_order import has_something_to_undo
from airflow_wfstate.store.workflows.change import Change
from airflow_wfstate.store.workflows.failed_state import become_failed
from airflow_wfstate.store.workflows.places import read_name

_ENDED_BADLY: Final = (StepState.FAILED.value, StepState.LOST.value)


def fail_workflow(
    connection: Connection, change: Change, dag_id: str, run_id: str, *, reason: str | None = None
) -> None:
    """Record that a deciding run failed, and apply the workflow's policy.

    The first error is kept. A workflow with nothing to undo ends as compensated once it is at rest, if one of its DAGs
    has a relay. If none has, it stays failed so that it can be resumed.

    :param reason: why it failed, if its steps and tasks do not show that.
    """
    error = change.error or storable_text(reason or _first_error(connection, change, dag_id, run_id))
    change.journal(EntryKind.WORKFLOW_FAILED, data={"dag_id": dag_id, "run_id": run_id, "error": error})
    _follow_policy(connection, change, error)


def fail_by_deadline(connection: Connection, change: Change, reason: str) -> None:
    """Record that a running workflow failed because its deadline passed, and apply its policy.

    Its unfinished tasks are set to failed, so that its runs end and the relay runs.
    """
    error = change.error or reason
    failed_tasks = fail_unfinished_tasks(connection, change, runs_to_end(connection, change.workflow_id))
    change.journal(EntryKind.WORKFLOW_FAILED, data={"error": error, "failed_tasks": failed_tasks})
    _follow_policy(connection, change, error)


def fail_by_step(connection: Connection, change: Change, reason: str) -> None:
    """Record that a running workflow started by no DAG failed because a service's step failed; apply its policy."""
    error = change.error or storable_text(reason)
    change.journal(EntryKind.WORKFLOW_FAILED, data={"error": error})
    _follow_policy(connection, change, error)


def undo_after_all(connection: Connection, change: Change) -> None:
    """Undo a failed workflow that had nothing to undo when it failed: a service's step has succeeded late."""
    if _why_held(connection, change, FailurePolicy(change.on_failure)) is None:
        _compensate(connection, change, change.error)


def undo_because_skipped(connection: Connection, change: Change) -> None:
    """Undo a running workflow whose CompleteWorkflowOperator was skipped, as ``on_skip="compensate"`` requests."""
    error = change.error or "The CompleteWorkflowOperator was skipped."
    change.journal(EntryKind.WORKFLOW_FAILED, data={"error": error})
    _follow_policy(connection, change, error, FailurePolicy.COMPENSATE)


def _follow_policy(connection: Connection, change: Change, error: str, policy: FailurePolicy | None = None) -> None:
    """Compensate or hold the workflow.

    :param policy: None to use the workflow's own policy.
    """
    reason = _why_held(connection, change, FailurePolicy(change.on_failure) if policy is None else policy)
    if reason is not None:
        become_failed(change, error=error, hold_reason=reason)
        return
    _compensate(connection, change, error)


def _compensate(connection: Connection, change: Change, error: str | None) -> None:
    change.become(WorkflowState.COMPENSATING, error=error, hold_reason=None, ended_at=None)
    change.journal(EntryKind.WORKFLOW_COMPENSATING, data=undo_counts(connection, change.workflow_id))


def _why_held(connection: Connection, change: Change, policy: FailurePolicy) -> str | None:
    """Return why the workflow stays failed until an operator decides; None when it is to be compensated."""
    forward = why_only_forward(connection, change.workflow_id)
    if forward is not None:
        return forward
    if change.reopened:
        return "it had succeeded before; an operator decides"
    if policy is not FailurePolicy.COMPENSATE:
        return "its policy on failure is to hold"
    if has_something_to_undo(connection, change.workflow_id):
        return None
    if not has_relay(connection, change.workflow_id) and not (
        _is_of_services_alone(connection, change) and may_be_undone_by_services(connection, change.workflow_id)
    ):
        return "nothing to undo, and none of its DAGs has a relay (CompensateWorkflowOperator) that could end it"
    pivot = pivot_at_work(connection, change.workflow_id)
    return None if pivot is None else f"nothing to undo, and step {pivot}, a pivot, was still running"


def _is_of_services_alone(connection: Connection, change: Change) -> bool:
    """Whether no DAG started the workflow, so that it can be undone without a relay."""
    workflow = schema.workflow
    has_dag = connection.execute(select(workflow.c.has_dag).where(workflow.c.id == change.workflow_id)).scalar_one()
    return not has_dag


def _first_error(connection: Connection, change: Change, dag_id: str, run_id: str) -> str:
    """The error of the step that failed first; if there is none, Airflow's first failed task.

    A step whose task would still have retried did not cause the failure: it comes after those that failed for good.
    """
    step, attempt = schema.step, schema.attempt
    is_same_task = and_(
        task_instance.c.dag_id == attempt.c.dag_id,
        task_instance.c.run_id == attempt.c.run_id,
        task_instance.c.task_id == attempt.c.task_id,
        task_instance.c.map_index == attempt.c.map_index,
    )
    would_retry = case((task_instance.c.state == "up_for_retry", 1), else_=0)
    row = connection.execute(
        select(step.c.participant, step.c.place, step.c.name, step.c.item_key, step.c.state, step.c.error)
        .outerjoin(attempt, and_(attempt.c.step_id == step.c.id, attempt.c.number == step.c.attempt))
        .outerjoin(task_instance, is_same_task)
        .where(step.c.workflow_id == change.workflow_id, step.c.error.is_not(None), step.c.state.in_(_ENDED_BADLY))
        .order_by(would_retry, step.c.updated_at, step.c.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return root_failure(connection, dag_id, run_id) or f"Run {run_id} of DAG {dag_id} failed."
    called = read_name(connection, row)
    return f"Step {called.brief} {'is lost' if row.state == StepState.LOST.value else 'failed'}: {row.error}"
