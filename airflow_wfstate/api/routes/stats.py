"""Counts of workflows, and how those of one name have fared."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import readable
from airflow_wfstate.api.backend import get_backend
from airflow_wfstate.api.entity_tag import READ_RESPONSES, IfNoneMatch, tagged_response
from airflow_wfstate.api.workflow_filter import workflow_filter
from airflow_wfstate.domain.messages.name_stats import NameStats
from airflow_wfstate.domain.messages.stats import WorkflowStats
from airflow_wfstate.domain.messages.workflow import WorkflowQuery

reads = APIRouter(tags=["workflows"])
"""Also under /wfstate/ui, for the page."""


@reads.get("/stats", response_model=WorkflowStats, responses=READ_RESPONSES)
def read_stats(
    caller: Annotated[Caller, Depends(authenticate)],
    query: Annotated[WorkflowQuery, Depends(workflow_filter)],
    bucket_seconds: Annotated[
        int | None,
        Query(
            ge=1, le=10**9, description="Also count by start, in stretches of so many seconds between since and until."
        ),
    ] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """How many of the workflows that the caller may see are in which state, and have which flag."""
    return tagged_response(get_backend().read_stats(readable(caller, query), bucket_seconds), if_none_match)


@reads.get("/stats/name", response_model=NameStats, responses=READ_RESPONSES)
def read_name_stats(
    caller: Annotated[Caller, Depends(authenticate)],
    query: Annotated[WorkflowQuery, Depends(workflow_filter)],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """How the workflows of a name have fared of those that the caller may see: counts, durations, errors, versions.

    ``name`` must be given. Without ``until`` up to now, without ``since`` the seven days before.
    """
    return tagged_response(get_backend().read_name_stats(readable(caller, query)), if_none_match)
