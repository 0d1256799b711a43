"""What of a workflow could still be undone: what its end would discard."""

from __future__ import annotations

from sqlalchemy import Connection, select

from airflow_wfstate.domain.messages.cancel import AffectedCompensation
from airflow_wfstate.domain.rules.states import CompensationState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.workflows.places import read_places


def armed_compensations(connection: Connection, workflow_id: str) -> list[AffectedCompensation]:
    """The compensations of a workflow that are armed, in the order in which their steps began."""
    compensation, step = schema.compensation, schema.step
    rows = connection.execute(
        select(
            compensation.c.round,
            compensation.c.handler,
            step.c.participant,
            step.c.place,
            step.c.name,
            step.c.item_key,
        )
        .join(step, step.c.id == compensation.c.step_id)
        .where(compensation.c.workflow_id == workflow_id, compensation.c.state == CompensationState.ARMED.value)
        .order_by(step.c.started_at, step.c.id, compensation.c.round)
    ).all()
    places = read_places(connection, ((row.participant, row.place) for row in rows))
    return [
        AffectedCompensation(places.name(row).label, row.round, row.handler, CompensationState.ARMED) for row in rows
    ]
