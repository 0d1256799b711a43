"""The lanes of services in a workflow's graph: what they have done, and what the definition lets them do."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Connection, func, select

from airflow_wfstate.domain.messages.reading.graph import (
    GraphEdge,
    GraphLane,
    GraphNode,
    LaneKind,
    NodeCompensation,
    Structure,
)
from airflow_wfstate.domain.messages.reading.step_group import StepGroup
from airflow_wfstate.domain.rules.services.awaited import ServiceStepKey, awaited_steps, service_steps
from airflow_wfstate.domain.rules.services.choreography import Choreography
from airflow_wfstate.domain.rules.states import CompensationState, WorkflowState
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.definitions.applied import choreography_of
from airflow_wfstate.store.reading.pending_waits import WaitingWorkflow, begun_steps, undo_requests

_step, _compensation = schema.step, schema.compensation

_NONE: Final = Choreography(key=None)


def read_service_lanes(connection: Connection, workflow: WaitingWorkflow) -> list[GraphLane]:
    """A lane for each service that the definition names or that has reported a step, in the order of the plan."""
    begun = {(group.participant, group.name): group for group in workflow.groups if group.attempts == 0}
    choreography = choreography_of(connection, workflow.name, workflow.definition)
    if choreography is None and not begun:
        return []
    known = service_steps(workflow.definition.plan, choreography or _NONE)
    steps = {**known, **{key: None for key in begun if key not in known}}
    waited = _waited_since(connection, workflow, known)
    undos = _read_undos(connection, workflow.id) if begun else {}
    nodes: dict[str, list[GraphNode]] = defaultdict(list)
    for (service, name), position in steps.items():
        key = (service, name)
        nodes[service].append(_node(name, begun.get(key), position, waited.get(key), undos.get(key)))
    return [_lane(service, found) for service, found in nodes.items()]


def _waited_since(
    connection: Connection, workflow: WaitingWorkflow, known: dict[ServiceStepKey, int | None]
) -> dict[ServiceStepKey, datetime]:
    """When the waits for these steps began; during a compensation, the waits for confirmations."""
    if workflow.state is WorkflowState.RUNNING:
        begun = begun_steps(workflow.groups)
        awaited = awaited_steps(workflow.definition.plan, known, begun, workflow.started_at)
        return {(step.service, step.step): step.since for step in awaited}
    if workflow.state is WorkflowState.COMPENSATING:
        asked = connection.execute(undo_requests().where(_compensation.c.workflow_id == workflow.id))
        return {(row.participant, row.name): row.started_at for row in asked}
    return {}


def _lane(service: str, nodes: list[GraphNode]) -> GraphLane:
    planned = [node.id for node in nodes if node.position is not None]
    return GraphLane(
        id=f"service:{service}",  # no id of a run's lane has a colon before its slash
        kind=LaneKind.SERVICE,
        participant=service,
        place=None,
        parent_step_id=None,
        dag_id=None,
        run_id=None,
        role=None,
        state=None,
        structure=Structure.KNOWN,
        version=None,
        trigger=None,
        nodes=nodes,
        edges=[GraphEdge(source, target) for source, target in pairwise(planned)],
    )


def _node(
    name: str,
    group: StepGroup | None,
    position: int | None,
    waited_since: datetime | None,
    undo: NodeCompensation | None,
) -> GraphNode:
    return GraphNode(
        id=name,
        step=name,
        operator=None,
        group=None,
        is_mapped=False,
        is_relay=False,
        is_current=waited_since is not None,
        state=None if group is None else group.state,
        steps={} if group is None else dict(group.by_state),
        tasks={},
        compensation=undo,
        position=position,
        waited_since=waited_since,
    )


def _read_undos(connection: Connection, workflow_id: str) -> dict[ServiceStepKey, NodeCompensation]:
    """The compensations of services' steps, with their places among all of the workflow's."""
    position = func.row_number().over(order_by=_compensation.c.last_entry.desc()).label("position")
    ordered = (
        select(_compensation.c.step_id, _compensation.c.state, position)
        .where(_compensation.c.workflow_id == workflow_id)
        .subquery()
    )
    rows = connection.execute(
        select(_step.c.participant, _step.c.name, ordered.c.state, ordered.c.position)
        .select_from(ordered)
        .join(_step, _step.c.id == ordered.c.step_id)
        .where(_step.c.attempt == 0)
    )
    by_step: dict[ServiceStepKey, list[Any]] = defaultdict(list)
    for row in rows:
        by_step[row.participant, row.name].append(row)
    return {key: _compensations(found) for key, found in by_step.items()}


def _compensations(rows: list[Any]) -> NodeCompensation:
    states = [CompensationState(row.state) for row in rows]
    return NodeCompensation(
        by_state={state: states.count(state) for state in CompensationState if state in states},
        first=min(row.position for row in rows),
        last=max(row.position for row in rows),
    )
