"""The graph of a workflow: its runs, their tasks and steps, and their order.

Only for processes that may use Airflow's ORM: the api-server and the command line, never a worker.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from airflow_wfstate.domain.messages.reading.graph import MAX_LANES, MAX_SKIPPED_LANES, GetGraph, WorkflowGraph
from airflow_wfstate.domain.rules.definition import parse_definition
from airflow_wfstate.domain.rules.plan import progress
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.airflow_tables import dag_run
from airflow_wfstate.store.reading.graph_counts import (
    RunKey,
    RunTaskStates,
    count_compensations_by_task,
    count_steps_by_task,
    count_task_instances,
)
from airflow_wfstate.store.reading.graph_lane import GraphFacts, LaneStructure, lane_of, place_of, planned_names
from airflow_wfstate.store.reading.pending_waits import WaitingWorkflow, begun_steps
from airflow_wfstate.store.reading.service_lanes import read_service_lanes
from airflow_wfstate.store.runs.dag_structure import VersionOfRun, structure_of, versions_of
from airflow_wfstate.store.steps.counts import read_step_groups
from airflow_wfstate.store.workflows.id import check_id, unknown_workflow
from airflow_wfstate.store.workflows.places import read_places

_workflow, _definition, _run = schema.workflow, schema.definition, schema.run
_step, _attempt = schema.step, schema.attempt


def read_graph(connection: Connection, asked: GetGraph) -> WorkflowGraph:
    """The graph, as described at ``StateBackend.get_graph``. Reads rows for runs and tasks, not for items."""
    if not 0 <= asked.skip <= MAX_SKIPPED_LANES:
        raise InvalidRequest(f"Cannot skip {asked.skip} lanes.", f"Give 0 to {MAX_SKIPPED_LANES}.")
    canonical_id = check_id(asked.workflow_id)
    workflow = _read_workflow(connection, asked.workflow_id, canonical_id)
    plan = workflow.definition.plan
    services = read_service_lanes(connection, workflow)
    shown_services = services[asked.skip : asked.skip + MAX_LANES]
    runs = _read_runs(connection, canonical_id, max(0, asked.skip - len(services)), MAX_LANES - len(shown_services))
    keys = {(run.dag_id, run.run_id) for run in runs}
    tasks = count_task_instances(connection, keys)
    facts = GraphFacts(
        steps=count_steps_by_task(connection, canonical_id, keys),
        tasks={key: states.by_task for key, states in tasks.items()},
        compensations=count_compensations_by_task(connection, canonical_id, keys),
        structures=_read_structures(connection, runs, tasks),
        triggers=_read_triggers(connection, {run.parent_step_id for run in runs if run.parent_step_id is not None}),
        places=read_places(connection, ((run.dag_id, place_of(run)) for run in runs)),
        positions={entry: number for number, entry in enumerate(plan, start=1)},
    )
    lanes = [*shown_services, *(lane_of(run, facts) for run in runs)]
    remaining = progress(plan, [step.planned for step in begun_steps(workflow.groups)]).remaining
    named = {name for lane in lanes for name in planned_names(lane, facts.places)}
    is_whole = asked.skip == 0 and len(lanes) < MAX_LANES
    count = len(services) + (len(runs) if is_whole else _count_runs(connection, canonical_id))
    earlier = min(asked.skip, count)
    return WorkflowGraph(
        lanes=lanes,
        further_lanes=count - earlier - len(lanes),
        remaining=[entry for entry in remaining if entry not in named],
        earlier_lanes=earlier,
    )


def _read_workflow(connection: Connection, workflow_id: str, canonical_id: str) -> WaitingWorkflow:
    row = connection.execute(
        select(_workflow.c.name, _workflow.c.state, _workflow.c.started_at, _definition.c.content)
        .join(
            _definition,
            (_workflow.c.name == _definition.c.name) & (_workflow.c.definition_sha256 == _definition.c.sha256),
        )
        .where(_workflow.c.id == canonical_id)
    ).one_or_none()
    if row is None:
        raise unknown_workflow(workflow_id)
    _, groups = read_step_groups(connection, canonical_id)
    definition = parse_definition(row.content)
    return WaitingWorkflow(canonical_id, row.name, WorkflowState(row.state), row.started_at, definition, groups)


def _read_runs(connection: Connection, workflow_id: str, skip: int, limit: int) -> Sequence[Any]:
    """Runs of the workflow, in the order in which they joined it, with what Airflow knows about each."""
    return connection.execute(
        select(_run, dag_run.c.state, dag_run.c.created_dag_version_id)
        .outerjoin(dag_run, (dag_run.c.dag_id == _run.c.dag_id) & (dag_run.c.run_id == _run.c.run_id))
        .where(_run.c.workflow_id == workflow_id)
        .order_by(_run.c.linked_at, _run.c.dag_id, _run.c.run_id)
        .offset(skip)
        .limit(limit)
    ).all()


def _count_runs(connection: Connection, workflow_id: str) -> int:
    return connection.execute(
        select(func.count()).select_from(_run).where(_run.c.workflow_id == workflow_id)
    ).scalar_one()


def _read_triggers(connection: Connection, step_ids: Collection[str]) -> Mapping[str, Any]:
    """The steps that triggered runs, each with the task of its newest attempt."""
    if not step_ids:
        return {}
    rows = connection.execute(
        select(_step.c.id, _step.c.item_key, _attempt.c.dag_id, _attempt.c.run_id, _attempt.c.task_id)
        .join(_attempt, (_attempt.c.step_id == _step.c.id) & (_attempt.c.number == _step.c.attempt))
        .where(_step.c.id.in_(step_ids))
    )
    return {row.id: row for row in rows}


def _read_structures(
    connection: Connection, runs: Sequence[Any], tasks: Mapping[RunKey, RunTaskStates]
) -> Mapping[RunKey, LaneStructure]:
    """How the tasks of each run follow each other, without runs that Airflow does not (or no longer) know."""
    asked = {}
    for run in runs:
        if run.state is not None:
            key = (run.dag_id, run.run_id)
            created_id = None if run.created_dag_version_id is None else UUID(run.created_dag_version_id)
            asked[key] = VersionOfRun(run.dag_id, tasks[key].version if key in tasks else None, created_id)
    if not asked:
        return {}
    # The session joins the connection's transaction and leaves it open.
    with Session(connection) as session:
        versions = versions_of(session, asked.values())
        found = {
            key: (structure_of(session, version), version.number)
            for key, wanted in asked.items()
            if (version := versions.get(wanted)) is not None
        }
    return {
        key: LaneStructure(structure, number) for key, (structure, number) in found.items() if structure is not None
    }
