"""What the tasks of some runs have done, counted by the database: one row per state of a task, not per item."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, case, func, select, tuple_

from airflow_wfstate.domain.messages.reading.graph import NodeCompensation
from airflow_wfstate.domain.rules.states import CompensationState, StepState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import dag_version, task_instance

_step, _attempt, _compensation = schema.step, schema.attempt, schema.compensation

RunKey = tuple[str, str]
"""DAG id and run id."""

TaskKey = tuple[str, str, str]
"""DAG id, run id and task id."""

_NEWEST_ATTEMPT: Final = (_attempt.c.step_id == _step.c.id) & (_attempt.c.number == _step.c.attempt)
_TASK_OF_STEP: Final = (_attempt.c.dag_id, _attempt.c.run_id, _attempt.c.task_id)


@dataclass
class TaskSteps:
    """The steps whose newest attempt a task made.

    :param names: how many different names they have.
    :param name: one of the names.
    """

    place: str
    name: str
    names: int
    is_mapped: bool
    by_state: dict[StepState, int] = field(default_factory=dict)


@dataclass
class RunTaskStates:
    """The task instances of a run.

    :param by_task: by task id, how many are in which of Airflow's states.
    :param version: the newest DAG version number that one of them has; None when none has one.
    """

    by_task: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    version: int | None = None


def count_steps_by_task(connection: Connection, workflow_id: str, runs: Collection[RunKey]) -> dict[TaskKey, TaskSteps]:
    """The steps of a workflow, by the task that made their newest attempt."""
    rows = connection.execute(
        select(
            *_TASK_OF_STEP,
            _step.c.place,
            _step.c.state,
            func.count().label("items"),
            func.min(_step.c.name).label("name"),
            func.count(_step.c.name.distinct()).label("names"),
            func.max(case((_step.c.item_key != "", 1), else_=0)).label("is_mapped"),
        )
        .join(_attempt, _NEWEST_ATTEMPT)
        .where(_step.c.workflow_id == workflow_id, tuple_(_attempt.c.dag_id, _attempt.c.run_id).in_(runs))
        .group_by(*_TASK_OF_STEP, _step.c.place, _step.c.state)
        .order_by(*_TASK_OF_STEP, _step.c.state)
    )
    found: dict[TaskKey, TaskSteps] = {}
    for row in rows:
        steps = found.setdefault(_task(row), TaskSteps(row.place, row.name, row.names, bool(row.is_mapped)))
        if row.name != steps.name:
            steps.names = max(steps.names, 2)
        steps.names = max(steps.names, row.names)
        steps.by_state[StepState(row.state)] = row.items
    return found


def count_task_instances(connection: Connection, runs: Collection[RunKey]) -> dict[RunKey, RunTaskStates]:
    """The task instances of some runs."""
    rows = connection.execute(
        select(
            task_instance.c.dag_id,
            task_instance.c.run_id,
            task_instance.c.task_id,
            func.coalesce(task_instance.c.state, "none").label("state"),
            func.count().label("instances"),
            func.max(dag_version.c.version_number).label("version"),
        )
        .outerjoin(dag_version, dag_version.c.id == task_instance.c.dag_version_id)
        .where(tuple_(task_instance.c.dag_id, task_instance.c.run_id).in_(runs))
        .group_by(task_instance.c.dag_id, task_instance.c.run_id, task_instance.c.task_id, task_instance.c.state)
        .order_by(task_instance.c.state)
    )
    found: dict[RunKey, RunTaskStates] = defaultdict(RunTaskStates)
    for row in rows:
        run = found[row.dag_id, row.run_id]
        run.by_task[row.task_id][row.state] = row.instances
        run.version = max((number for number in (run.version, row.version) if number is not None), default=None)
    return found


def count_compensations_by_task(
    connection: Connection, workflow_id: str, runs: Collection[RunKey]
) -> dict[TaskKey, NodeCompensation]:
    """The compensations of a workflow, by the task that made the newest attempt, with their places in the order."""
    position = func.row_number().over(order_by=_compensation.c.last_entry.desc()).label("position")
    ordered = (
        select(_compensation.c.step_id, _compensation.c.state, position)
        .where(_compensation.c.workflow_id == workflow_id)
        .subquery()
    )
    rows = connection.execute(
        select(
            *_TASK_OF_STEP,
            ordered.c.state,
            func.count().label("rounds"),
            func.min(ordered.c.position).label("first"),
            func.max(ordered.c.position).label("last"),
        )
        .select_from(ordered)
        .join(_step, _step.c.id == ordered.c.step_id)
        .join(_attempt, _NEWEST_ATTEMPT)
        .where(tuple_(_attempt.c.dag_id, _attempt.c.run_id).in_(runs))
        .group_by(*_TASK_OF_STEP, ordered.c.state)
        .order_by(ordered.c.state)
    )
    by_task: dict[TaskKey, list[Any]] = defaultdict(list)
    for row in rows:
        by_task[_task(row)].append(row)
    return {
        task: NodeCompensation(
            by_state={CompensationState(row.state): row.rounds for row in found},
            first=min(row.first for row in found),
            last=max(row.last for row in found),
        )
        for task, found in by_task.items()
    }


def _task(row: Any) -> TaskKey:
    return row.dag_id, row.run_id, row.task_id
