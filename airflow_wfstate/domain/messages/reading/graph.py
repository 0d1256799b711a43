"""The graph of a workflow: its participants, their tasks and steps, and the order between them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Final

from airflow_wfstate.domain.messages.asked import asked
from airflow_wfstate.domain.messages.operation import Operation, Who
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import CompensationState, StepState

MAX_LANES: Final = 50
"""The most lanes in one graph. A mapped trigger may start thousands of runs, too many to show side by side."""


MAX_SKIPPED_LANES: Final = 1_000_000
"""The most lanes that can be skipped."""


class LaneKind(str, Enum):
    """The kind of a participant. Expect further kinds, such as runs found by lineage.

    ``dag_run``: a DAG run. ``service``: a service that Airflow does not run, of which events tell.
    """

    DAG_RUN = "dag_run"
    SERVICE = "service"


class Structure(str, Enum):
    """What is known about the order of the nodes in a lane.

    ``known``: all tasks and edges, in the version of the DAG that the run has. ``unknown``: Airflow has no such run
    yet, or has deleted it or its DAG; the nodes are the steps that have begun, without edges. ``hidden``: the reader
    may not read the DAG; otherwise as ``unknown``.
    """

    KNOWN = "known"
    UNKNOWN = "unknown"
    HIDDEN = "hidden"


@dataclass(frozen=True)
class NodeCompensation:
    """The compensations of a node: one of a step that is not mapped, one for each item and round otherwise.

    :param by_state: how many are in which state; states that none is in are left out.
    :param first: place of the first of them in the order of the undo, from 1, as ``list_compensations`` has it.
    :param last: place of the last of them; equal to ``first`` when there is one.
    """

    by_state: dict[CompensationState, int]
    first: int
    last: int


@dataclass(frozen=True)
class GraphNode:
    """A task of a run, with the step that it does, or a step of a service; a mapped task is one node.

    :param id: unique in its lane: the task's id; of a service the step's name.
    :param step: the name of its step; None when it does none, or when its items do steps of different names.
    :param operator: its class, without the module; None when the DAG is not known.
    :param group: id of the task group that it is in; None for none.
    :param is_mapped: by itself, or by a task group around it.
    :param is_relay: whether it undoes the steps of its run.
    :param is_current: whether it is at work or waits; of a service whether the workflow waits for it.
    :param state: of its step, of several items the one that tells most; None when no step has begun.
    :param steps: how many items of the step are in which state; states that none is in are left out.
    :param tasks: how many task instances are in which state of Airflow, ``none`` for one that is not scheduled.
    :param compensation: None when nothing that it did can be undone.
    :param position: place of its step in the plan, from 1; None when the plan does not name it.
    :param waited_since: of a step of a service: since when the workflow waits for it; None when it does not.
    """

    id: str
    step: str | None
    operator: str | None
    group: str | None
    is_mapped: bool
    is_relay: bool
    is_current: bool
    state: StepState | None
    steps: dict[StepState, int]
    tasks: dict[str, int]
    compensation: NodeCompensation | None
    position: int | None = None
    waited_since: datetime | None = None


@dataclass(frozen=True)
class GraphGroup:
    """A task group.

    :param id: unique in its lane.
    :param label: what it is called inside its parent.
    :param parent: id of the group that it is in; None for none.
    """

    id: str
    label: str
    parent: str | None
    is_mapped: bool


@dataclass(frozen=True)
class GraphEdge:
    """One task follows on another in its DAG, or one step of a service on another in the plan.

    :param source: id of the node that comes first, in the same lane.
    :param target: id of the node that waits for it.
    """

    source: str
    target: str


@dataclass(frozen=True)
class LaneTrigger:
    """The step that triggered what takes part in a lane.

    :param lane: id of the lane of that step, which may be among those that are left out.
    :param node: id of its node in that lane.
    :param item_key: of the step; empty when it is not mapped.
    """

    lane: str
    node: str
    item_key: str


@dataclass(frozen=True)
class GraphLane:
    """Something that takes part in the workflow, with its nodes.

    :param id: unique in the graph.
    :param participant: who does its steps: a DAG id, or the name of a service.
    :param place: as of a :class:`~airflow_wfstate.domain.messages.step.StepSummary`, and so ``parent_step_id``.
    :param dag_id: of the run; None for a service, as ``run_id`` and ``role``.
    :param role: of the DAG run in the workflow.
    :param state: of the DAG run in Airflow; None when the run does not exist.
    :param version: number of the DAG's version that is shown; None unless ``structure`` is ``known``.
    :param trigger: the step that triggered it; None when none did.
    """

    id: str
    kind: LaneKind
    participant: str
    place: str | None
    parent_step_id: str | None
    dag_id: str | None
    run_id: str | None
    role: RunRole | None
    state: str | None
    structure: Structure
    version: int | None
    trigger: LaneTrigger | None
    groups: list[GraphGroup] = field(default_factory=list)
    nodes: list[GraphNode] = field(default_factory=list)
    edges: list[GraphEdge] = field(default_factory=list)


@dataclass(frozen=True)
class WorkflowGraph:
    """The graph of a workflow.

    :param lanes: services by the plan, then DAG runs in the order in which they joined; at most :data:`MAX_LANES`.
    :param further_lanes: how many more there are behind them.
    :param remaining: entries of the plan that have not begun and that no node of these lanes will do.
    :param earlier_lanes: how many there are before them: as many as were skipped, unless there are fewer.
    """

    lanes: list[GraphLane]
    further_lanes: int
    remaining: list[str]
    earlier_lanes: int = 0


def without_structure(lane: GraphLane) -> GraphLane:
    """The lane for a reader who may not read its DAG: only the steps that have begun, and nothing of the DAG itself."""
    return replace(
        lane,
        structure=Structure.HIDDEN,
        version=None,
        groups=[],
        nodes=[replace(node, operator=None, group=None, tasks={}) for node in lane.nodes if node.steps],
        edges=[],
    )


@dataclass(frozen=True)
class GetGraph:
    """The request for the graph of a workflow, or of its later lanes."""

    workflow_id: str
    skip: int = field(
        default=0,
        metadata=asked("How many lanes to skip", is_filter=False, at_least=0, at_most=MAX_SKIPPED_LANES),
    )


GET_GRAPH: Final = Operation(
    name="get_graph",
    method="GET",
    path="/workflows/{workflow_id}/graph",
    request=GetGraph,
    answer=WorkflowGraph,
    says="""Get the services and DAG runs that take part, their tasks and steps, and the order between them.

    At most 50 lanes; ``skip`` leaves out the first ones. Of a DAG that the caller may not read, only the steps that
    have begun are told.
    """,
    who=Who.READER,
    tag="workflows",
    has_tag=True,
    needs_server=True,
)
