"""The runs that decide how a workflow ends, and whether a finished one has done its part.

Airflow's own verdict is not enough. With ``fail_fast``, or if tasks downstream of a failed task run anyway, a run ends
well although one of its steps failed.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, or_, select

from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, StepState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import dag_run, task_instance

_run, _workflow, _attempt, _round = schema.run, schema.workflow, schema.attempt, schema.round_
_step: Final = schema.step.alias("step_of_run")
_parent: Final = schema.step.alias("parent_step")

DAG_RUN: Final = and_(dag_run.c.dag_id == _run.c.dag_id, dag_run.c.run_id == _run.c.run_id)
"""The DAG run of a linked run."""

ACCEPTED_CHILD: Final = exists(
    select(_parent.c.id)
    .join(_round, and_(_round.c.step_id == _parent.c.id, _round.c.number == _parent.c.round))
    .where(
        _parent.c.id == _run.c.parent_step_id,
        _parent.c.state == StepState.SKIPPED.value,
        _round.c.state == StepState.LOST.value,
    )
)
"""A person marked the task that triggered the run as success: the workflow continues, whatever becomes of the run."""

HAS_DECIDING_ROLE: Final = and_(_run.c.bound, _run.c.role.in_([role.value for role in RunRole if role.decides]))
"""The linked run is the workflow's own, as owner or child, so that it decides unless it is an accepted child."""

DECIDES: Final = and_(HAS_DECIDING_ROLE, or_(_run.c.role != RunRole.CHILD.value, ~ACCEPTED_CHILD))
"""The linked run decides how the workflow ends."""

_HAS_FAILED: Final = _step.c.state.in_([StepState.FAILED.value, StepState.LOST.value])
_IS_LOST: Final = and_(
    _step.c.state.in_([state.value for state in OPEN_STEP_STATES]),
    task_instance.c.state.in_(("failed", "removed")),
)
_OF_RUN: Final = and_(
    _step.c.workflow_id == _run.c.workflow_id,
    _attempt.c.dag_id == _run.c.dag_id,
    _attempt.c.run_id == _run.c.run_id,
    func.coalesce(task_instance.c.state, "gone") != "success",
    or_(_HAS_FAILED, _IS_LOST),
)

HAS_UNFINISHED_STEP: Final = exists(
    select(_step.c.id)
    .join(_attempt, and_(_attempt.c.step_id == _step.c.id, _attempt.c.number == _step.c.attempt))
    .outerjoin(task_instance, task_instance.c.id == _attempt.c.task_instance_id)
    .where(_OF_RUN)
)
"""A step of the linked run failed or is lost, and nobody has marked its task as success since."""

HAS_FAILED: Final[ColumnElement[bool]] = or_(
    dag_run.c.state == "failed", and_(dag_run.c.state == "success", HAS_UNFINISHED_STEP)
)
"""With :data:`DAG_RUN` joined: the run is over but has not done its part."""


def deciding_runs(*columns: Any, of: ColumnElement[str] | str = _workflow.c.id) -> Select[Any]:
    """The deciding runs of a workflow that exist in Airflow, with :data:`DAG_RUN` joined.

    :param columns: the columns to read.
    :param of: the workflow's id; by default, that of the enclosing statement, for use as a subquery.
    """
    return select(*columns).select_from(_run.join(dag_run, DAG_RUN)).where(_run.c.workflow_id == of, DECIDES)


def failed_deciding_runs(connection: Connection, workflow_id: str) -> list[Row[tuple[str, str, str]]]:
    """The finished deciding runs that have not done their part: DAG id, run id and state, in order of their ends."""
    return list(
        connection.execute(
            deciding_runs(_run.c.dag_id, _run.c.run_id, dag_run.c.state, of=workflow_id)
            .where(HAS_FAILED)
            .order_by(dag_run.c.end_date, _run.c.dag_id, _run.c.run_id)
        )
    )


def has_unfinished_step(connection: Connection, workflow_id: str, dag_id: str, run_id: str) -> bool:
    """Whether a step of this run failed or is lost, and nobody has marked its task as success since."""
    return bool(
        connection.execute(
            select(HAS_UNFINISHED_STEP).where(
                _run.c.workflow_id == workflow_id, _run.c.dag_id == dag_id, _run.c.run_id == run_id
            )
        ).scalar()
    )
