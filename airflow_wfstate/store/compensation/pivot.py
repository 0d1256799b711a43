"""The pivot: once it is done, a workflow can only go forward."""

from __future__ import annotations

from sqlalchemy import Connection, select

from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, StepState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.workflows.places import read_name

_DONE = (StepState.SUCCEEDED.value, StepState.LOST.value)
"""A lost round may have acted, so it counts as done until an operator has checked."""


def why_only_forward(connection: Connection, workflow_id: str) -> str | None:
    """Return why the workflow can no longer be undone, in one sentence; None when no pivot is done."""
    step, round_ = schema.step, schema.round_
    row = connection.execute(
        select(step.c.participant, step.c.place, step.c.name, step.c.item_key, round_.c.state)
        .join(round_, round_.c.step_id == step.c.id)
        .where(step.c.workflow_id == workflow_id, step.c.pivot, round_.c.state.in_(_DONE))
        .order_by(step.c.started_at, step.c.id, round_.c.number)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    label = read_name(connection, row).label
    how = "succeeded" if row.state == StepState.SUCCEEDED.value else "is lost, and may have acted"
    return f"Step {label} is a pivot and {how}: the workflow can only go forward."


def pivot_at_work(connection: Connection, workflow_id: str) -> str | None:
    """The label of a pivot whose newest attempt has not ended; None when there is none."""
    step = schema.step
    row = connection.execute(
        select(step.c.participant, step.c.place, step.c.name, step.c.item_key)
        .where(
            step.c.workflow_id == workflow_id,
            step.c.pivot,
            step.c.state.in_([state.value for state in OPEN_STEP_STATES]),
        )
        .order_by(step.c.started_at, step.c.id)
        .limit(1)
    ).one_or_none()
    return None if row is None else read_name(connection, row).label
