"""Counts of workflows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import readable
from airflow_wfstate.api.backend import get_backend, json_response
from airflow_wfstate.api.workflow_filter import workflow_filter
from airflow_wfstate.domain.stats import WorkflowStats
from airflow_wfstate.domain.workflow import WorkflowQuery

reads = APIRouter(tags=["workflows"])
"""Also under /wfstate/ui, for the page."""


@reads.get("/stats", response_model=WorkflowStats)
def read_stats(
    caller: Annotated[Caller, Depends(authenticate)],
    query: Annotated[WorkflowQuery, Depends(workflow_filter)],
    bucket_seconds: Annotated[
        int | None,
        Query(
            ge=1, le=10**9, description="Also count by start, in stretches of so many seconds between since and until."
        ),
    ] = None,
) -> Response:
    """How many of the workflows that the caller may see are in which state, and have which flag."""
    return json_response(get_backend().read_stats(readable(caller, query), bucket_seconds))
