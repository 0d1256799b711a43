"""Workflows: start, complete, look."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import check_task_instance, check_visible, readable, visible_detail
from airflow_wfstate.api.backend import get_backend, json_response
from airflow_wfstate.api.entity_tag import READ_RESPONSES, IfNoneMatch, tagged_response, tagged_workflow
from airflow_wfstate.api.parameters import Cursor, Limit
from airflow_wfstate.api.workflow_filter import workflow_filter
from airflow_wfstate.api.write_headers import IdempotencyKey
from airflow_wfstate.domain.messages.detail import WorkflowDetail
from airflow_wfstate.domain.messages.workflow import (
    CompletedWorkflow,
    CompleteWorkflow,
    StartedWorkflow,
    StartWorkflow,
    WorkflowPage,
    WorkflowQuery,
    WorkflowSort,
)
from airflow_wfstate.domain.rules.page_limit import MAX_LIMIT

CallerOf = Annotated[Caller, Depends(authenticate)]

writes = APIRouter(tags=["workflows"])
reads = APIRouter(tags=["workflows"])
"""Also under /wfstate/ui, for the page."""


@writes.post("/workflows", response_model=StartedWorkflow)
def start_workflow(caller: CallerOf, body: StartWorkflow, idempotency_key: IdempotencyKey = None) -> Response:
    """Start a workflow, or attach the caller's run to the one that has the key."""
    check_task_instance(caller, body.task_instance_id)
    request = replace(body, idempotency_key=idempotency_key or body.idempotency_key)
    return json_response(get_backend().start_workflow(request))


@writes.post("/workflows/complete", response_model=CompletedWorkflow)
def complete_workflow(caller: CallerOf, body: CompleteWorkflow, idempotency_key: IdempotencyKey = None) -> Response:
    """End the workflow of the caller's run as succeeded."""
    check_task_instance(caller, body.task_instance_id)
    request = replace(body, idempotency_key=idempotency_key or body.idempotency_key)
    return json_response(get_backend().complete_workflow(request))


@reads.get("/workflows", response_model=WorkflowPage, responses=READ_RESPONSES)
def list_workflows(
    caller: CallerOf,
    query: Annotated[WorkflowQuery, Depends(workflow_filter)],
    sort: WorkflowSort = WorkflowSort.NEWEST,
    limit: Limit = 50,
    cursor: Cursor = None,
    total: Annotated[bool, Query(description="Whether to count all that match and that the caller may see.")] = False,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """A page of the workflows that the caller may see."""
    query = replace(query, sort=sort, limit=limit, cursor=cursor, with_total=total)
    return tagged_response(get_backend().list_workflows(readable(caller, query)), if_none_match)


@reads.get("/workflows/{workflow_id}", response_model=WorkflowDetail, responses=READ_RESPONSES)
def get_workflow(
    caller: CallerOf,
    workflow_id: str,
    step_limit: Annotated[
        int,
        Query(ge=0, le=MAX_LIMIT, description="How many steps; 0: the groups alone."),
    ] = 200,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Where a workflow stands, and the first of its steps; payloads of DAGs that the caller may not read are left out.

    Further steps are at ``/workflows/{workflow_id}/steps?after=``, with the answer's ``next_steps``.
    """
    access = check_visible(caller, workflow_id)
    detail = get_backend().get_workflow(workflow_id, step_limit=step_limit)
    return tagged_workflow(visible_detail(caller, access, detail), if_none_match)
