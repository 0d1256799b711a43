"""Build one lane of a workflow's graph from what was read for all of them. Reads nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from airflow_wfstate.domain.messages.reading.graph import (
    GraphLane,
    GraphNode,
    LaneKind,
    LaneTrigger,
    NodeCompensation,
    Structure,
)
from airflow_wfstate.domain.messages.reading.step_group import most_telling
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES
from airflow_wfstate.domain.rules.step_name import StepName
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.reading.graph_counts import RunKey, TaskKey, TaskSteps
from airflow_wfstate.store.runs.dag_structure import DagStructure, StructureTask
from airflow_wfstate.store.workflows.places import Places

_AT_WORK: Final = frozenset(
    ("queued", "running", "restarting", "deferred", "up_for_retry", "up_for_reschedule", "awaiting_input")
)
"""States of a task instance in which its run is currently at that task."""

_RELAY: Final = "CompensateWorkflowOperator"


@dataclass(frozen=True)
class LaneStructure:
    """How the tasks of a run follow each other.

    :param version: number of the DAG version that this comes from.
    """

    structure: DagStructure
    version: int


@dataclass(frozen=True)
class GraphFacts:
    """The data read for all lanes.

    :param tasks: by run and task id, how many task instances are in which of Airflow's states.
    :param structures: the structures of runs whose DAG is known.
    :param triggers: rows of the steps that triggered runs, by the step's id.
    :param positions: positions in the plan, counted from 1, by entry.
    """

    steps: Mapping[TaskKey, TaskSteps]
    tasks: Mapping[RunKey, Mapping[str, dict[str, int]]]
    compensations: Mapping[TaskKey, NodeCompensation]
    structures: Mapping[RunKey, LaneStructure]
    triggers: Mapping[str, Any]
    places: Places
    positions: Mapping[str, int]


def place_of(run: Any) -> str:
    """The place at which a linked run does its steps: for a child, the step that triggered it."""
    return run.parent_step_id if run.role == RunRole.CHILD.value and run.parent_step_id else schema.NO_PLACE


def lane_of(run: Any, facts: GraphFacts) -> GraphLane:
    """The lane of a linked run.

    :param run: its row in ``wfstate_run``, with Airflow's state of the run.
    """
    key = (run.dag_id, run.run_id)
    known = facts.structures.get(key)
    structure = known.structure if known is not None else DagStructure([], [], [])
    declared = {task.id for task in structure.tasks}
    # What began but has no task in this version; everything, if the run's DAG is not known.
    begun = {task_id for dag_id, run_id, task_id in facts.steps if (dag_id, run_id) == key}
    place = place_of(run)
    return GraphLane(
        id=lane_id(run.dag_id, run.run_id),
        kind=LaneKind.DAG_RUN,
        participant=run.dag_id,
        place=facts.places.of(run.dag_id, place).shown or None,
        parent_step_id=None if place == schema.NO_PLACE else place,
        dag_id=run.dag_id,
        run_id=run.run_id,
        role=RunRole(run.role),
        state=run.state,
        structure=Structure.UNKNOWN if known is None else Structure.KNOWN,
        version=None if known is None else known.version,
        trigger=_trigger_of(run, facts),
        groups=list(structure.groups),
        nodes=[
            *(_node(run, task.id, task, facts) for task in structure.tasks),
            *(_node(run, task_id, None, facts) for task_id in sorted(begun - declared)),
        ],
        edges=list(structure.edges),
    )


def lane_id(dag_id: str, run_id: str) -> str:
    """The id of the lane of a run. A DAG id contains no slash."""
    return f"{dag_id}/{run_id}"


def planned_names(lane: GraphLane, places: Places) -> Iterator[str]:
    """The names that a plan may use for the steps of a lane."""
    place = places.of(lane.participant, lane.parent_step_id or schema.NO_PLACE)
    for node in lane.nodes:
        if node.step is not None:
            yield from StepName(lane.participant, node.step, place=place).forms(with_item=False)


def _position(run: Any, step: str | None, facts: GraphFacts) -> int | None:
    if step is None:
        return None
    forms = StepName(run.dag_id, step, place=facts.places.of(run.dag_id, place_of(run))).forms(with_item=False)
    return next((facts.positions[form] for form in forms if form in facts.positions), None)


def _node(run: Any, task_id: str, task: StructureTask | None, facts: GraphFacts) -> GraphNode:
    key = (run.dag_id, run.run_id)
    steps = _steps_of(run, task_id, task, facts)
    tasks = facts.tasks.get(key, {}).get(task_id, {})
    by_state = {} if steps is None else steps.by_state
    declared = None if task is None else task.step
    done = steps.name if steps is not None and steps.names == 1 else None
    step = done or declared if steps is None or steps.names == 1 else None
    return GraphNode(
        id=task_id,
        step=step,
        operator=None if task is None else task.operator,
        group=None if task is None else task.group,
        is_mapped=(task is not None and task.is_mapped) or (steps is not None and steps.is_mapped),
        is_relay=task_id == run.relay_task_id or (task is not None and task.operator == _RELAY),
        is_current=any(state in OPEN_STEP_STATES for state in by_state) or any(state in _AT_WORK for state in tasks),
        state=most_telling(by_state) if by_state else None,
        steps=dict(by_state),
        tasks=dict(tasks),
        compensation=facts.compensations.get((*key, task_id)),
        position=_position(run, step, facts),
    )


def _steps_of(run: Any, task_id: str, task: StructureTask | None, facts: GraphFacts) -> TaskSteps | None:
    """The steps of a task. If it has done none, the steps of its name that another run did at the same place."""
    own = facts.steps.get((run.dag_id, run.run_id, task_id))
    if own is not None or task is None or task.step is None:
        return own
    return next(
        (
            steps
            for (dag_id, _, _), steps in facts.steps.items()
            if dag_id == run.dag_id and steps.place == place_of(run) and steps.names == 1 and steps.name == task.step
        ),
        None,
    )


def _trigger_of(run: Any, facts: GraphFacts) -> LaneTrigger | None:
    row = facts.triggers.get(run.parent_step_id or "")
    return None if row is None else LaneTrigger(lane_id(row.dag_id, row.run_id), row.task_id, row.item_key)
