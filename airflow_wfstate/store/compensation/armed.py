"""The armed compensations of a workflow: those that its end would discard."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from airflow_wfstate.domain.messages.cancel import AffectedCompensation
from airflow_wfstate.domain.rules.states import CompensationState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.workflows.places import places_of_workflow


def armed_compensations(connection: Connection, workflow_id: str) -> Iterator[AffectedCompensation]:
    """The armed compensations of a workflow, in the order in which their steps began.

    Yields them one by one: loading ten thousand at once would trigger a garbage collection of the whole process.
    """
    compensation, step = schema.compensation, schema.step
    found = (
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
    )
    places = places_of_workflow(connection, workflow_id)
    for row in connection.execute(found.order_by(step.c.started_at, step.c.id, compensation.c.round)):
        yield AffectedCompensation(places.name(row).label, row.round, row.handler, CompensationState.ARMED)
