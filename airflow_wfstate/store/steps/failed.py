"""Failed steps of a run that wants to complete its workflow: being retried, failed permanently, or accepted."""

from __future__ import annotations

from sqlalchemy import Connection, select

from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.exceptions import WorkflowUnfinished
from airflow_wfstate.store.database.airflow_tables import FINISHED_TASK_STATES, task_instance
from airflow_wfstate.store.steps.row import StepRow, unaccepted_steps_of_run
from airflow_wfstate.store.workflows.caller import Caller

_ACCEPTED = ("success", "skipped")
"""Current states of a task that someone marked manually after its step failed."""


def check_failed_steps(
    connection: Connection, workflow_id: str, caller: Caller, subject: str, *, over_failed_steps: bool
) -> None:
    """Check that no failed or lost step of the caller's run keeps its workflow from succeeding.

    :param subject: the workflow, as the error should call it.
    :param over_failed_steps: whether to ignore steps that have failed permanently.
    :raises WorkflowUnfinished: such a step exists.
    """
    for step in unaccepted_steps_of_run(connection, workflow_id, caller.dag_id, caller.run_id):
        if step.state not in (StepState.FAILED, StepState.LOST):
            continue
        exists, state = _task_now(connection, step)
        if exists and state not in FINISHED_TASK_STATES:
            raise WorkflowUnfinished(
                f"{subject} has a step that is being retried: {step.label} is {step.state.value}, and its task "
                f"{step.task_id} is {state or 'to be scheduled'}.",
                "Move the completing task downstream of all steps.",
            )
        if state not in _ACCEPTED and not over_failed_steps:
            raise WorkflowUnfinished(
                f"{subject} cannot succeed: its step {step.label} is {step.state.value}.",
                "Move the completing task downstream of all steps; mark the task as success in Airflow if its work is "
                "good; or let the workflow succeed anyway with CompleteWorkflowOperator(over_failed_steps=True).",
            )


def _task_now(connection: Connection, step: StepRow) -> tuple[bool, str | None]:
    """Whether the task of the step's newest attempt exists, and the state of its newest try."""
    row = connection.execute(
        select(task_instance.c.state).where(
            task_instance.c.dag_id == step.dag_id,
            task_instance.c.run_id == step.run_id,
            task_instance.c.task_id == step.task_id,
            task_instance.c.map_index == step.map_index,
        )
    ).one_or_none()
    return (False, None) if row is None else (True, row.state)
