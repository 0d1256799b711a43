"""The state ``failed``: how a workflow gets into it, and how it continues from there."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select, update

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import dag_run
from airflow_wfstate.store.workflows.change import Change

_run = schema.run

TASK_CLEARED = "one of its tasks was cleared"
"""Why a failed workflow continues."""


def become_failed(change: Change, *, error: str, hold_reason: str) -> None:
    """Make the workflow failed, and record how often each of its runs had been cleared by then.

    A later clear is a request to continue; an earlier one is not.
    """
    change.become(WorkflowState.FAILED, error=error, hold_reason=hold_reason)
    cleared = (
        select(dag_run.c.clear_number)
        .where(dag_run.c.dag_id == _run.c.dag_id, dag_run.c.run_id == _run.c.run_id)
        .scalar_subquery()
    )
    change.connection.execute(
        update(_run).where(_run.c.workflow_id == change.workflow_id, _run.c.bound).values(clears_at_failure=cleared)
    )


def continue_failed(change: Change, cause: str, data: Mapping[str, JsonValue] | None = None) -> None:
    """Continue a failed workflow because of something done in Airflow.

    :param cause: what was done, for the journal.
    :param data: further data for the journal.
    """
    change.become(WorkflowState.RUNNING, hold_reason=None, ended_at=None, error=None)
    change.journal(EntryKind.WORKFLOW_RESUMED, data={"cause": cause, **(data or {})})
