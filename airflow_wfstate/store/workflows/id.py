"""Check the id of a workflow that a caller asks for, before looking for anything."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, select

from airflow_wfstate.exceptions import WorkflowNotFound
from airflow_wfstate.store.database import schema

_workflow = schema.workflow


def check_id(workflow_id: str) -> str:
    """The id in its canonical form.

    :raises WorkflowNotFound: it is not a UUID.
    """
    try:
        return str(UUID(workflow_id))
    except (ValueError, AttributeError, TypeError) as error:
        raise unknown_workflow(workflow_id) from error


def check_exists(connection: Connection, workflow_id: str) -> str:
    """The id in its canonical form.

    :raises WorkflowNotFound: there is no workflow with this id.
    """
    canonical_id = check_id(workflow_id)
    found = connection.execute(select(_workflow.c.id).where(_workflow.c.id == canonical_id)).scalar_one_or_none()
    if found is None:
        raise unknown_workflow(workflow_id)
    return canonical_id


def unknown_workflow(workflow_id: str) -> WorkflowNotFound:
    """The error that says that the workflow does not exist."""
    return WorkflowNotFound(
        f"There is no workflow with the id {str(workflow_id)[:80]!r}.", "List them with: airflow wfstate list"
    )
