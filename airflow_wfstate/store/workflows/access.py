"""Who takes part in a workflow, read without reading its steps."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from airflow_wfstate.domain.messages.access import WorkflowAccess
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.workflows.id import check_id, unknown_workflow

_workflow, _run, _step = schema.workflow, schema.run, schema.step


def read_access(connection: Connection, workflow_id: str) -> WorkflowAccess:
    """What authorization needs of a workflow: three statements, and as many rows as DAGs take part.

    :raises WorkflowNotFound: there is no workflow with this id.
    """
    canonical_id = check_id(workflow_id)
    found = select(_workflow.c.state).where(_workflow.c.id == canonical_id)
    state = connection.execute(found).scalar_one_or_none()
    if state is None:
        raise unknown_workflow(workflow_id)
    dags = connection.execute(select(_run.c.dag_id, _run.c.role).where(_run.c.workflow_id == canonical_id).distinct())
    return WorkflowAccess(
        id=canonical_id,
        state=WorkflowState(state),
        dags=frozenset((row.dag_id, RunRole(row.role)) for row in dags),
        participants=_participants(connection, canonical_id),
    )


def takes_part(connection: Connection, workflow_id: str, dag_id: str, run_id: str) -> bool:
    """Whether a run is linked to a workflow."""
    linked = select(_run.c.role).where(
        _run.c.workflow_id == check_id(workflow_id), _run.c.dag_id == dag_id, _run.c.run_id == run_id
    )
    return connection.execute(linked).one_or_none() is not None


def _participants(connection: Connection, workflow_id: str) -> frozenset[str]:
    """Jump along the steps' identity key from one participant to the next.

    A DISTINCT reads every step: 3.5 ms for 10,000 of one participant, 0.1 this way (PostgreSQL, measured).
    """
    own = _step.c.workflow_id == workflow_id
    found = select(func.min(_step.c.participant).label("participant")).where(own).cte("found", recursive=True)
    further = select(func.min(_step.c.participant)).where(own, _step.c.participant > found.c.participant)
    found = found.union_all(select(further.correlate(found).scalar_subquery()).where(found.c.participant.is_not(None)))
    rows = connection.execute(select(found.c.participant).where(found.c.participant.is_not(None)))
    return frozenset(rows.scalars())
