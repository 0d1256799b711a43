"""Hold a workflow whose compensation cannot continue, with the reason, until an operator decides."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.policies import CompensationErrorPolicy
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.definitions.content import read_definition
from airflow_wfstate.store.workflows.change import Change


def compensation_error_policy(connection: Connection, change: Change) -> CompensationErrorPolicy:
    """The policy of the workflow's definition for a compensation that fails permanently."""
    return read_definition(connection, change.name, change.definition_sha256).on_compensation_error


def failed_for_good(label: str, error: str | None) -> str:
    """Why a workflow is on hold after its compensation failed, in one sentence.

    :param label: the step's label.
    :param error: the error of the last attempt.
    """
    return f"The compensation of step {label} failed: {(error or 'no reason is stored').rstrip('.')}."


def hold(change: Change, reason: str) -> None:
    """Hold a workflow that is being compensated. Its error stays unchanged; the turn is withdrawn."""
    change.connection.execute(delete(schema.turn).where(schema.turn.c.workflow_id == change.workflow_id))
    change.become(WorkflowState.COMPENSATION_FAILED, hold_reason=reason)
    change.journal(EntryKind.WORKFLOW_COMPENSATION_FAILED, data={"hold_reason": reason})


def hold_reason(connection: Connection, change: Change) -> str:
    """Why the workflow is on hold."""
    stored: str | None = connection.execute(
        select(schema.workflow.c.hold_reason).where(schema.workflow.c.id == change.workflow_id)
    ).scalar_one()
    return stored or "no reason is stored"
