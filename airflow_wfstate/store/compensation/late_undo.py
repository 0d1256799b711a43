"""A service's step that succeeds after its workflow was compensated: the service is asked to undo it at once.

The workflow stays compensated, and nobody needs the turn. If such a compensation fails, the workflow gets a hold
reason, as if it were on hold.
"""

from __future__ import annotations

from sqlalchemy import Connection, Select, select

from airflow_wfstate.domain.rules.states import CompensationState, WorkflowState
from airflow_wfstate.store.compensation.failed import fail_compensation
from airflow_wfstate.store.compensation.hold import failed_for_good
from airflow_wfstate.store.compensation.pending import read_compensation
from airflow_wfstate.store.compensation.service_undo import Awaited, ask_service, fail_overdue
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.workflows.change import Change

_compensation, _workflow = schema.compensation, schema.workflow


def undo_late(connection: Connection, change: Change, step_id: str, round_number: int) -> None:
    """Ask the service to undo a round. If it cannot be asked, the compensation has failed and an operator decides."""
    pending = read_compensation(connection, step_id, round_number)
    is_tried_again = pending.state is CompensationState.RUNNING and pending.attempt_ended
    if pending.state is not CompensationState.ARMED and not is_tried_again:
        return  # undone in the meantime, or already requested
    asked = ask_service(connection, change, pending)
    if isinstance(asked, Awaited):
        return
    fail_compensation(change, pending.label, step_id, round_number, pending.attempts, asked)


def with_overdue_answers() -> Select[tuple[str]]:
    """Workflows that are not being undone but have an overdue answer from a service."""
    overdue = select(_compensation.c.workflow_id).where(_compensation.c.answer_due_at <= database_now())
    return select(_workflow.c.id).where(
        _workflow.c.id.in_(overdue), _workflow.c.state != WorkflowState.COMPENSATING.value
    )


def fail_overdue_answers(connection: Connection, change: Change) -> None:
    """Record every compensation whose answer is overdue as failed."""
    overdue = select(_compensation.c.step_id, _compensation.c.round).where(
        _compensation.c.workflow_id == change.workflow_id, _compensation.c.answer_due_at <= change.now
    )
    for row in connection.execute(overdue).all():
        fail_overdue(connection, change, read_compensation(connection, row.step_id, row.round))
    update_late_undo_reason(connection, change)


def update_late_undo_reason(connection: Connection, change: Change) -> None:
    """Set, or clear, the reason why an operator must look at a compensated workflow."""
    if change.state is not WorkflowState.COMPENSATED:
        return
    failed = select(_compensation.c.step_id, _compensation.c.round).where(
        _compensation.c.workflow_id == change.workflow_id,
        _compensation.c.state == CompensationState.FAILED.value,
    )
    first = connection.execute(failed.order_by(_compensation.c.last_entry).limit(1)).one_or_none()
    reason = None
    if first is not None:
        pending = read_compensation(connection, first.step_id, first.round)
        reason = failed_for_good(pending.label, pending.error)
    change.set(hold_reason=reason)
