"""Steps that ended without a report: lost with their process, or accepted by a person."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Select, and_, exists, or_, select, text

from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, StepState, WorkflowState
from airflow_wfstate.store.compensation.rest import come_to_rest
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import FINISHED_TASK_STATES, dag_run, task_instance
from airflow_wfstate.store.steps.accepted import accept_step, accept_steps_of_run
from airflow_wfstate.store.steps.row import steps_marked_done
from airflow_wfstate.store.workflows.change import Change
from airflow_wfstate.store.workflows.deciding_runs import HAS_UNFINISHED_STEP, deciding_runs

_workflow, _run, _step, _attempt = schema.workflow, schema.run, schema.step, schema.attempt

_ATTEMPTS: Final = (
    select(_step.c.id)
    .join(_attempt, (_attempt.c.step_id == _step.c.id) & (_attempt.c.number == _step.c.attempt))
    .outerjoin(task_instance, task_instance.c.id == _attempt.c.task_instance_id)
    .where(_step.c.workflow_id == _workflow.c.id)
)
_OVER: Final = exists(
    _ATTEMPTS.where(
        _step.c.state.in_([state.value for state in OPEN_STEP_STATES]),
        or_(task_instance.c.id.is_(None), task_instance.c.state.in_(FINISHED_TASK_STATES)),
    )
)
_MARKED: Final = exists(
    _ATTEMPTS.where(
        _step.c.state.in_([StepState.FAILED.value, StepState.LOST.value]), task_instance.c.state == "success"
    )
)
_PERHAPS_MARKED: Final = and_(dag_run.c.state == "success", HAS_UNFINISHED_STEP)
_RUN_PERHAPS_MARKED: Final = exists(deciding_runs(_run.c.run_id).where(_PERHAPS_MARKED))


def with_unreported_ends() -> Select[tuple[str]]:
    """Workflows with a step whose task instance is over, or whose task or run a person has marked as success.

    Includes cancelled workflows: what their steps did should be recorded, though nothing follows from it.
    """
    goes_on = _workflow.c.state.in_([WorkflowState.RUNNING.value, WorkflowState.FAILED.value])
    return select(_workflow.c.id).where(
        or_(and_(goes_on, or_(_OVER, _MARKED, _RUN_PERHAPS_MARKED)), and_(text(schema.NOT_SETTLED), _OVER))
    )


def record_unreported_ends(connection: Connection, change: Change) -> None:
    """Make these steps skipped if a person has accepted them, otherwise lost."""
    if change.state is not WorkflowState.CANCELLED:
        for run in _runs_perhaps_marked(connection, change.workflow_id):
            accept_steps_of_run(connection, change, run.dag_id, run.run_id)
        for step in steps_marked_done(connection, change.workflow_id):
            if step.state not in OPEN_STEP_STATES:  # the process of an open one may live on for a moment
                accept_step(connection, change, step)
    come_to_rest(connection, change)


def _runs_perhaps_marked(connection: Connection, workflow_id: str) -> list[Any]:
    return list(
        connection.execute(
            deciding_runs(_run.c.dag_id, _run.c.run_id, of=workflow_id)
            .where(_PERHAPS_MARKED)
            .order_by(_run.c.dag_id, _run.c.run_id)
        )
    )
