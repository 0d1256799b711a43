"""Act on an expired deadline, once, by the policy of the definition. Never while compensating."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, select

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.policies import DeadlinePolicy
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.actions.cancel import cancel_locked
from airflow_wfstate.store.compensation.failure import fail_by_deadline
from airflow_wfstate.store.compensation.pivot import why_only_forward
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.definitions.content import read_definition
from airflow_wfstate.store.workflows.change import Change

_workflow = schema.workflow


def past_deadline() -> Select[Any]:
    """Running and failed workflows whose deadline has passed and was not acted on."""
    return select(_workflow.c.id).where(
        _workflow.c.state.in_([WorkflowState.RUNNING.value, WorkflowState.FAILED.value]),
        _workflow.c.deadline_at <= database_now(),
        _workflow.c.deadline_acted_at.is_(None),
    )


def act_upon_deadline(connection: Connection, change: Change) -> None:
    """Apply the policy, unless that was already done or the workflow has ended in the meantime."""
    row = connection.execute(
        select(_workflow.c.deadline_at, _workflow.c.deadline_acted_at).where(_workflow.c.id == change.workflow_id)
    ).one()
    is_due = row.deadline_at is not None and row.deadline_at <= change.now and row.deadline_acted_at is None
    if not is_due or change.state not in (WorkflowState.RUNNING, WorkflowState.FAILED):
        return
    policy = read_definition(connection, change.name, change.definition_sha256).on_deadline
    deadline = row.deadline_at.isoformat(timespec="seconds")
    change.set(deadline_acted_at=change.now)
    change.journal(EntryKind.WORKFLOW_OVERDUE, data={"deadline": deadline, "policy": policy.value})
    if policy is DeadlinePolicy.COMPENSATE and why_only_forward(connection, change.workflow_id):
        policy = DeadlinePolicy.FAIL  # it is then put on hold with that reason
    if policy is DeadlinePolicy.FAIL and change.state is WorkflowState.RUNNING:
        fail_by_deadline(connection, change, f"The deadline {deadline} has passed.")
    elif policy in (DeadlinePolicy.CANCEL, DeadlinePolicy.COMPENSATE):
        cancel_locked(
            connection,
            change,
            compensate=policy is DeadlinePolicy.COMPENSATE,
            by="deadline",
            reason=f"the deadline {deadline} has passed",
        )
