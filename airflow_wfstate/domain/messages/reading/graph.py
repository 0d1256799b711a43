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

    ``dag_run``: a DAG run. ``service``: a service that Airflow does not run, and that reports with events.
    """

    DAG_RUN = "dag_run"
    SERVICE = "service"


class Structure(str, Enum):
    """What is known about the order of the nodes in a lane.

    ``known``: all tasks and edges, in the run's version of the DAG. ``unknown``: Airflow does not have the run yet, or
    has deleted it or its DAG; the nodes are the steps that have begun, without edges. ``hidden``: the reader may not
    read the DAG; otherwise like ``unknown``.
    """

    KNOWN = "known"
    UNKNOWN = "unknown"
    HIDDEN = "hidden"


@dataclass(frozen=True)
class NodeCompensation:
    """The compensations of a node: one for a step that is not mapped, otherwise one for each item and round.

    :param by_state: how many are in each state; empty states are left out.
    :param first: position of the first of them in the order of compensation, from 1, as in ``list_compensations``.
    :param last: position of the last of them; equal to ``first`` if there is only one.
    """

    by_state: dict[CompensationState, int]
    first: int
    last: int


@dataclass(frozen=True)
class GraphNode:
    """A task of a run with its step, or a step of a service. A mapped task is one node.

    :param id: its id, unique in its lane: the task's id, or the step's name for a service.
    :param step: name of its step; None if it has none, or its items have steps with different names.
    :param operator: its operator class, without the module; None if the DAG is not known.
    :param group: id of its task group; None for none.
    :param is_mapped: whether it or a task group around it is mapped.
    :param is_relay: whether it is the relay of its run.
    :param is_current: whether it is running or waiting; for a service, whether the workflow waits for it.
    :param state: state of its step, or the most informative state of several items; None if no step has begun.
    :param steps: how many items of the step are in each state; empty states are left out.
    :param tasks: how many task instances are in each Airflow state, with ``none`` for those not scheduled.
    :param compensation: its compensations; None if nothing that it did can be undone.
    :param position: position of its step in the plan, from 1; None if it is not in the plan.
    :param waited_since: for a step of a service, since when the workflow has been waiting for it; None if it is not.
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
    :param label: its name inside its parent.
    :param parent: id of its parent group; None for none.
    """

    id: str
    label: str
    parent: str | None
    is_mapped: bool


@dataclass(frozen=True)
class GraphEdge:
    """An edge between two tasks of a DAG, or between two steps of a service in the plan.

    :param source: id of the node that comes first, in the same lane.
    :param target: id of the node that waits for it.
    """

    source: str
    target: str


@dataclass(frozen=True)
class LaneTrigger:
    """The step that triggered the participant of a lane.

    :param lane: id of that step's lane, which may have been left out.
    :param node: id of its node in that lane.
    :param item_key: item key of the step; empty if it is not mapped.
    """

    lane: str
    node: str
    item_key: str


@dataclass(frozen=True)
class GraphLane:
    """A participant of the workflow, with its nodes.

    :param id: unique in the graph.
    :param participant: the id of a DAG, or the name of a service.
    :param place: as in :class:`~airflow_wfstate.domain.messages.step.StepSummary`; so is ``parent_step_id``.
    :param dag_id: DAG id of the run; None for a service, like ``run_id`` and ``role``.
    :param role: role of the DAG run in the workflow.
    :param state: state of the DAG run in Airflow; None if the run does not exist.
    :param version: number of the DAG version shown; None unless ``structure`` is ``known``.
    :param trigger: the step that triggered it; None if none did.
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

    :param lanes: the services in the order of the plan, then the DAG runs in the order in which they joined; at most
        :data:`MAX_LANES`.
    :param further_lanes: how many more lanes follow.
    :param remaining: entries of the plan that have not begun and belong to no node of these lanes.
    :param earlier_lanes: how many lanes come before: the number that was skipped, unless there are fewer.
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

    The answer has at most 50 lanes; ``skip`` skips the first ones. For a DAG that the caller may not read, it only has
    the steps that have begun.
    """,
    who=Who.READER,
    tag="workflows",
    has_tag=True,
    needs_server=True,
)
