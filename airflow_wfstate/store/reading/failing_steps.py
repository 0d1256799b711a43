"""Running workflows of which a step has failed: their runs are not over, or nobody has judged them yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, case, func, or_, select

from airflow_wfstate.domain.messages.failing import FailingStep
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, StepState, WorkflowState
from airflow_wfstate.redaction import masked_text
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import FINISHED_TASK_STATES, task_instance
from airflow_wfstate.store.workflows.places import read_places

_workflow, _step, _attempt = schema.workflow, schema.step, schema.attempt

_BAD_END: Final = ("failed", "upstream_failed")
_ACCEPTED: Final = ("success", "skipped")
"""Of the task now: somebody has marked it by hand, and the failure counts no more."""

_SAME_TASK: Final = and_(
    task_instance.c.dag_id == _attempt.c.dag_id,
    task_instance.c.run_id == _attempt.c.run_id,
    task_instance.c.task_id == _attempt.c.task_id,
    task_instance.c.map_index == _attempt.c.map_index,
)
_TASK_STATE: Final = func.coalesce(task_instance.c.state, "none")
_SINCE: Final = func.coalesce(_attempt.c.ended_at, task_instance.c.end_date, _step.c.updated_at)
_IS_RETRIED: Final = case(
    (_TASK_STATE == "up_for_retry", 1),
    (
        and_(task_instance.c.id != _attempt.c.task_instance_id, _TASK_STATE.not_in(FINISHED_TASK_STATES)),
        1,
    ),
    else_=0,
)


def failing_steps(connection: Connection, workflow_ids: Sequence[str]) -> dict[str, FailingStep]:
    """Of these workflows those that run and of which a step has failed, each with the step to look at first."""
    rows = connection.execute(_first_of_each(workflow_ids)).all()
    places = read_places(connection, ((row.participant, row.place) for row in rows))
    return {
        row.workflow_id: FailingStep(
            step=places.name(row).label,
            error=masked_text(row.error),
            since=row.since,
            is_retried=bool(row.is_retried),
            others=row.total - 1,
        )
        for row in rows
    }


def _first_of_each(workflow_ids: Sequence[str]) -> Select[Any]:
    has_failed = and_(_step.c.state.in_([StepState.FAILED.value, StepState.LOST.value]), _TASK_STATE.not_in(_ACCEPTED))
    # The process of an open step died, and the sweep has not come yet to call it lost.
    died = and_(
        _step.c.state.in_([state.value for state in OPEN_STEP_STATES]),
        task_instance.c.id == _attempt.c.task_instance_id,
        task_instance.c.state.in_(_BAD_END),
    )
    found = (
        select(
            _step.c.workflow_id,
            _step.c.participant,
            _step.c.place,
            _step.c.name,
            _step.c.item_key,
            _step.c.error,
            _SINCE.label("since"),
            _IS_RETRIED.label("is_retried"),
            func.count().over(partition_by=_step.c.workflow_id).label("total"),
            func.row_number()
            .over(partition_by=_step.c.workflow_id, order_by=(_IS_RETRIED, _SINCE, _step.c.id))
            .label("position"),
        )
        .join(_workflow, _workflow.c.id == _step.c.workflow_id)
        .join(_attempt, and_(_attempt.c.step_id == _step.c.id, _attempt.c.number == _step.c.attempt))
        .outerjoin(task_instance, _SAME_TASK)
        .where(
            _step.c.workflow_id.in_(workflow_ids),
            _workflow.c.state == WorkflowState.RUNNING.value,
            or_(has_failed, died),
        )
        .subquery()
    )
    return select(found).where(found.c.position == 1)
