"""The graph of a workflow, for who looks at it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import check_visible, visible_graph
from airflow_wfstate.api.backend import get_backend
from airflow_wfstate.api.entity_tag import READ_RESPONSES, IfNoneMatch, tagged_response
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
