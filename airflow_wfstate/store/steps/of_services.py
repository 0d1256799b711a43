"""Steps of services, for completing or resuming their workflow."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from airflow_wfstate.domain.rules.plan import PlannedStep
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, StepState
from airflow_wfstate.domain.rules.step_name import StepName
from airflow_wfstate.exceptions import WorkflowUnfinished
from airflow_wfstate.store.database import schema

_step = schema.step


def open_step_of_service(
    connection: Connection, workflow_id: str, subject: str, *, over_failed_steps: bool
) -> str | None:
    """Return the open step that a completion waits for, as a sentence without its full stop; None when there is none.

    :param subject: the workflow, as the sentence should call it.
    :param over_failed_steps: whether to ignore failed steps.
    :raises WorkflowUnfinished: a step of a service has failed.
    """
    of_services = select(_step.c.participant, _step.c.name, _step.c.state).where(
        _step.c.workflow_id == workflow_id,
        _step.c.attempt == 0,
        _step.c.state.in_([state.value for state in (*OPEN_STEP_STATES, StepState.FAILED)]),
    )
    waits_for = None
    for row in connection.execute(of_services.order_by(_step.c.started_at, _step.c.id)):
        label = StepName(row.participant, row.name).label
        if row.state != StepState.FAILED.value:
            waits_for = waits_for or f"{subject} has an open step: {label} is {row.state} at its service"
        elif not over_failed_steps:
            raise WorkflowUnfinished(
                f"{subject} cannot succeed: its step {label} has failed at its service.",
                "Make the service send an event that says it succeeded; or let the workflow succeed anyway with "
                "CompleteWorkflowOperator(over_failed_steps=True).",
            )
    return waits_for


def steps_of_services(connection: Connection, workflow_id: str) -> Sequence[PlannedStep]:
    """The steps of services in a workflow, in the order in which they first began."""
    of_services = select(_step.c.participant, _step.c.name, _step.c.state).where(
        _step.c.workflow_id == workflow_id, _step.c.attempt == 0
    )
    rows = connection.execute(of_services.order_by(_step.c.started_at, _step.c.id))
    return [PlannedStep(row.participant, row.name, StepState(row.state)) for row in rows]
