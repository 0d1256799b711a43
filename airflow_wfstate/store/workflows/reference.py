"""A workflow's reference, read without its lock."""

from __future__ import annotations

from sqlalchemy import Connection, select

from airflow_wfstate.domain.messages.workflow import WorkflowRef
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.database import schema


def read_reference(connection: Connection, workflow_id: str) -> WorkflowRef:
    """The reference of a workflow that exists."""
    workflow = schema.workflow
    row = connection.execute(
        select(
            workflow.c.id,
            workflow.c.name,
            workflow.c.key,
            workflow.c.generation,
            workflow.c.correlation_id,
            workflow.c.state,
        ).where(workflow.c.id == workflow_id)
    ).one()
    return WorkflowRef(row.id, row.name, row.key, row.generation, row.correlation_id, WorkflowState(row.state))
