"""Steps of a workflow, a page at a time, and one alone."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, select

from airflow_wfstate.domain.pages import StepPage
from airflow_wfstate.domain.step import StepSummary
from airflow_wfstate.exceptions import InvalidRequest, StepNotFound
from airflow_wfstate.store import schema
from airflow_wfstate.store.step_summaries import read_step_summaries
from airflow_wfstate.store.workflow_detail import check_exists
from airflow_wfstate.store.workflow_list import check_limit

_step = schema.step


def list_steps(connection: Connection, workflow_id: str, after: str | None, limit: int) -> StepPage:
    """A page of steps, as ``StateBackend.list_steps`` says."""
    check_limit(limit)
    workflow_id = check_exists(connection, workflow_id)
    statement = select(_step.c.id).where(_step.c.workflow_id == workflow_id).order_by(_step.c.id).limit(limit + 1)
    if after is not None:
        statement = statement.where(_step.c.id > _after(after))
    found = list(connection.execute(statement).scalars())
    page = found[:limit]
    steps = sorted(read_step_summaries(connection, workflow_id, page), key=lambda step: step.id)
    return StepPage(steps, next_after=page[-1] if len(found) > limit else None)


def get_step(connection: Connection, workflow_id: str, step_id: str) -> StepSummary:
    """One step, as ``StateBackend.get_step`` says."""
    workflow_id = check_exists(connection, workflow_id)
    try:
        found = read_step_summaries(connection, workflow_id, [str(UUID(step_id))])
    except (ValueError, AttributeError, TypeError):
        found = []
    if not found:
        raise StepNotFound(
            f"Workflow {workflow_id} has no step with the id {str(step_id)[:80]!r}.",
            f"See its steps with: airflow wfstate show {workflow_id}",
        )
    return found[0]


def _after(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise InvalidRequest(f"{text[:80]!r} is no id of a step.", "Give next_after of the page before.") from error
