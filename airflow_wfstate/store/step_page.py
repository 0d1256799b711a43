"""Steps of a workflow, a page at a time, and one alone."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, and_, select

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
    step_id = check_step(connection, workflow_id, step_id)
    (step,) = read_step_summaries(connection, str(UUID(workflow_id)), [step_id], opens_files=True)
    return step


def check_step(connection: Connection, workflow_id: str, step_id: str) -> str:
    """The step's id in its canonical form.

    :raises WorkflowNotFound: there is no such workflow.
    :raises StepNotFound: it has no such step.
    """
    workflow_id = check_exists(connection, workflow_id)
    try:
        canonical_id = str(UUID(step_id))
    except (ValueError, AttributeError, TypeError) as error:
        raise _unknown(workflow_id, step_id) from error
    its_step = and_(_step.c.id == canonical_id, _step.c.workflow_id == workflow_id)
    if connection.execute(select(_step.c.id).where(its_step)).one_or_none() is None:
        raise _unknown(workflow_id, step_id)
    return canonical_id


def _unknown(workflow_id: str, step_id: str) -> StepNotFound:
    return StepNotFound(
        f"Workflow {workflow_id} has no step with the id {str(step_id)[:80]!r}.",
        f"See its steps with: airflow wfstate show {workflow_id}",
    )


def _after(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise InvalidRequest(f"{text[:80]!r} is no id of a step.", "Give next_after of the page before.") from error
