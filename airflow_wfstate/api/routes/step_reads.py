"""Steps of a workflow, their checkpoints, and its compensations, for who looks at it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import check_visible, visible_checkpoints, visible_steps
from airflow_wfstate.api.backend import get_backend
from airflow_wfstate.api.entity_tag import READ_RESPONSES, IfNoneMatch, tagged_response
from airflow_wfstate.api.parameters import Item, Limit, Text
from airflow_wfstate.domain.messages.pages import (
    CheckpointPage,
    CompensationFilter,
    CompensationPage,
    StepFilter,
    StepPage,
)
from airflow_wfstate.domain.messages.step import StepSummary
from airflow_wfstate.domain.messages.task_activity import TaskActivity, TaskInRun
from airflow_wfstate.domain.rules.states import CompensationState, StepState

CallerOf = Annotated[Caller, Depends(authenticate)]


def _check_path(caller: CallerOf, workflow_id: str) -> None:
    """Check that the caller may see the workflow of the path."""
    check_visible(caller, workflow_id)


def _step_filter(
    participant: Annotated[Text, Query(description="The DAG that does it.")] = None,
    name: Annotated[Text, Query(description="Of a step, with all its items.")] = None,
    parent_step_id: Annotated[
        Text, Query(description="Of the step that triggered the participant's run; the nil UUID for none.")
    ] = None,
    is_mapped: Annotated[
        bool | None, Query(description="true: only items of mapped steps; false: only steps that are not mapped.")
    ] = None,
    state: Annotated[list[StepState] | None, Query(max_length=len(StepState))] = None,
    run_id: Annotated[Text, Query(description="Of a run that made an attempt of it.")] = None,
    task_id: Annotated[Text, Query(description="Of a task that made an attempt of it.")] = None,
    map_index: Annotated[int | None, Query(ge=-1, lt=2**31, description="Of that task.")] = None,
) -> StepFilter:
    """What the steps are narrowed to."""
    return StepFilter(participant, name, parent_step_id, is_mapped, state or [], run_id, task_id, map_index)


reads = APIRouter(prefix="/workflows/{workflow_id}", tags=["steps"], dependencies=[Depends(_check_path)])
"""Also under /wfstate/ui, for the page."""


@reads.get("/steps", response_model=StepPage, responses=READ_RESPONSES)
def list_steps(
    caller: CallerOf,
    workflow_id: str,
    wanted: Annotated[StepFilter, Depends(_step_filter)],
    after: Text = None,
    limit: Limit = 200,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Steps behind the one with the id ``after``, by participant, place, name and item key.

    Outputs of DAGs that the caller may not read are left out.
    """
    page = get_backend().list_steps(workflow_id, after, limit, wanted)
    return tagged_response(StepPage(visible_steps(caller, page.steps), page.next_after), if_none_match)


@reads.get("/steps/{step_id}", response_model=StepSummary, responses=READ_RESPONSES)
def get_step(caller: CallerOf, workflow_id: str, step_id: str, if_none_match: IfNoneMatch = None) -> Response:
    """One step: its attempts, checkpoints, compensations and output."""
    (step,) = visible_steps(caller, [get_backend().get_step(workflow_id, step_id)])
    return tagged_response(step, if_none_match)


@reads.get("/steps/{step_id}/checkpoints", response_model=CheckpointPage, responses=READ_RESPONSES)
def list_checkpoints(
    caller: CallerOf,
    workflow_id: str,
    step_id: str,
    after: Text = None,
    limit: Limit = 200,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Checkpoints behind ``after`` (round:name), by round and name, with their values."""
    backend = get_backend()
    step = backend.get_step(workflow_id, step_id)
    page = backend.list_checkpoints(workflow_id, step_id, after, limit)
    return tagged_response(visible_checkpoints(caller, step, page), if_none_match)


def _compensation_filter(
    state: Annotated[list[CompensationState] | None, Query(max_length=len(CompensationState))] = None,
    dag_id: Annotated[Text, Query(description="Of the run whose relay runs it.")] = None,
    run_id: Annotated[Text, Query(description="Of that run.")] = None,
) -> CompensationFilter:
    """What the compensations are narrowed to."""
    return CompensationFilter(state or [], dag_id, run_id)


@reads.get("/compensations", response_model=CompensationPage, responses=READ_RESPONSES)
def list_compensations(
    workflow_id: str,
    wanted: Annotated[CompensationFilter, Depends(_compensation_filter)],
    before: Annotated[int | None, Query(gt=0, lt=2**62)] = None,
    limit: Limit = 200,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Compensations in the order in which they are undone, and what people decided about them."""
    return tagged_response(get_backend().list_compensations(workflow_id, before, limit, wanted), if_none_match)


@reads.get("/task-activity", response_model=TaskActivity, responses=READ_RESPONSES)
def read_task_activity(
    workflow_id: str,
    dag_id: Item,
    run_id: Item,
    task_id: Item,
    map_index: Annotated[int, Query(ge=-1, lt=2**31, description="-1 for a task that is not mapped.")] = -1,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """What a task did in the workflow beside attempts of steps: started or joined it, completed it, or undoes it."""
    task = TaskInRun(dag_id, run_id, task_id, map_index)
    return tagged_response(get_backend().read_task_activity(workflow_id, task), if_none_match)
