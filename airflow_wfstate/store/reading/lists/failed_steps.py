"""Workflows with a failed step, and the step to look at first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, Select, and_, case, func, or_, select

from airflow_wfstate.domain.messages.failing import FailedStep, FailingStep
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, StepState, WorkflowState
from airflow_wfstate.domain.rules.text.error_line import error_line
from airflow_wfstate.redaction import masked_text
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import FINISHED_TASK_STATES, task_instance
from airflow_wfstate.store.workflows.places import read_places

_workflow, _step, _attempt = schema.workflow, schema.step, schema.attempt

_BAD_END: Final = ("failed", "upstream_failed")
_ACCEPTED: Final = ("success", "skipped")
"""Current states of a task that someone marked manually, so that the failure no longer counts."""

_SAME_TASK: Final = and_(
    task_instance.c.dag_id == _attempt.c.dag_id,
    task_instance.c.run_id == _attempt.c.run_id,
    task_instance.c.task_id == _attempt.c.task_id,
    task_instance.c.map_index == _attempt.c.map_index,
)
_NEWEST_ATTEMPT: Final = and_(_attempt.c.step_id == _step.c.id, _attempt.c.number == _step.c.attempt)
_TASK_STATE: Final = func.coalesce(task_instance.c.state, "none")
_HAS_DIED: Final = and_(
    # The process of an open step died, and no sweep has marked it lost yet.
    _workflow.c.state == WorkflowState.RUNNING.value,
    _step.c.state.in_([state.value for state in OPEN_STEP_STATES]),
    task_instance.c.id == _attempt.c.task_instance_id,
    task_instance.c.state.in_(_BAD_END),
)
_HAS_FAILED: Final = or_(
    and_(_step.c.state.in_([StepState.FAILED.value, StepState.LOST.value]), _TASK_STATE.not_in(_ACCEPTED)),
    # A compensation leaves the error of what it undid.
    and_(_step.c.state == StepState.COMPENSATED.value, _step.c.error.is_not(None)),
    _HAS_DIED,
)
_SINCE: Final = func.coalesce(_attempt.c.ended_at, task_instance.c.end_date, _step.c.updated_at)
_IS_RETRIED: Final = case(
    (_TASK_STATE == "up_for_retry", 1),
    (
        and_(task_instance.c.id != _attempt.c.task_instance_id, _TASK_STATE.not_in(FINISHED_TASK_STATES)),
        1,
    ),
    else_=0,
)


class Failure(NamedTuple):
    """What is known about the failed steps of a workflow.

    :param failing: None unless the workflow is still running.
    """

    failed: FailedStep
    failing: FailingStep | None


def read_failures(connection: Connection, workflow_ids: Sequence[str]) -> dict[str, Failure]:
    """Those of these workflows that have a failed step, except those that succeeded anyway."""
    rows = connection.execute(_first_of_each(workflow_ids)).all()
    places = read_places(connection, ((row.participant, row.place) for row in rows))
    return {row.workflow_id: _failure(row, places.name(row).label) for row in rows}


def _failure(row: Row[Any], label: str) -> Failure:
    error = masked_text(row.error)
    failed = FailedStep(
        step=label,
        step_id=row.id,
        state=StepState(row.state),
        error=None if error is None else error_line(error),
        attempt=row.attempt,
        dag_id=row.dag_id or "",
        run_id=row.run_id or "",
        task_id=row.task_id or "",
        map_index=-1 if row.map_index is None else row.map_index,
        try_number=row.try_number or 0,
    )
    if row.workflow_state != WorkflowState.RUNNING.value:
        return Failure(failed, None)
    return Failure(failed, FailingStep(label, error, row.since, bool(row.is_retried), others=row.total - 1))


def _first_of_each(workflow_ids: Sequence[str]) -> Select[Any]:
    # Reads error and name only of the first: a workflow may have ten thousand failed items.
    found = (
        select(
            _step.c.id,
            _workflow.c.state.label("workflow_state"),
            _SINCE.label("since"),
            _IS_RETRIED.label("is_retried"),
            func.count().over(partition_by=_step.c.workflow_id).label("total"),
            func.row_number()
            .over(partition_by=_step.c.workflow_id, order_by=(_IS_RETRIED, _SINCE, _step.c.id))
            .label("position"),
        )
        .join(_workflow, _workflow.c.id == _step.c.workflow_id)
        .outerjoin(_attempt, _NEWEST_ATTEMPT)  # a step of a service has none
        .outerjoin(task_instance, _SAME_TASK)
        .where(
            _step.c.workflow_id.in_(workflow_ids),
            _workflow.c.state != WorkflowState.SUCCEEDED.value,
            _HAS_FAILED,
            # Whatever ended later was stopped by a cancel or a compensation.
            or_(_workflow.c.forward_ended_at.is_(None), _workflow.c.forward_ended_at >= _SINCE),
        )
        .subquery()
    )
    return (
        select(
            found,
            _step.c.workflow_id,
            _step.c.participant,
            _step.c.place,
            _step.c.name,
            _step.c.item_key,
            _step.c.state,
            _step.c.error,
            _step.c.attempt,
            *(_attempt.c[name] for name in ("dag_id", "run_id", "task_id", "map_index", "try_number")),
        )
        .join(_step, _step.c.id == found.c.id)
        .outerjoin(_attempt, _NEWEST_ATTEMPT)  # a step of a service has none
        .where(found.c.position == 1)
    )
