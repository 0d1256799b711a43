"""A workflow as pictures show it: its graph, and the density of its mapped steps in time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import check_visible, visible_graph
from airflow_wfstate.api.backend import get_backend
from airflow_wfstate.api.entity_tag import READ_RESPONSES, IfNoneMatch, tagged_response
from airflow_wfstate.domain.messages.density import MAX_BUCKETS, WorkflowDensity
from airflow_wfstate.domain.messages.graph import WorkflowGraph

reads = APIRouter(tags=["workflows"])
"""Also under /wfstate/ui, for the page."""


@reads.get("/workflows/{workflow_id}/graph", response_model=WorkflowGraph, responses=READ_RESPONSES)
def get_graph(
    caller: Annotated[Caller, Depends(authenticate)], workflow_id: str, if_none_match: IfNoneMatch = None
) -> Response:
    """The DAG runs that take part, their tasks and steps, and what follows what.

    Of a DAG that the caller may not read, only the steps that have begun are told.
    """
    check_visible(caller, workflow_id)
    return tagged_response(visible_graph(caller, get_backend().get_graph(workflow_id)), if_none_match)


@reads.get("/workflows/{workflow_id}/density", response_model=WorkflowDensity, responses=READ_RESPONSES)
def read_density(
    caller: Annotated[Caller, Depends(authenticate)],
    workflow_id: str,
    buckets: Annotated[int, Query(ge=1, le=MAX_BUCKETS, description="Stretches of time, of each step.")] = 60,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """How many items of each mapped step were at work when, and how many failed."""
    check_visible(caller, workflow_id)
    return tagged_response(get_backend().read_density(workflow_id, buckets), if_none_match)
