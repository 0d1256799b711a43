"""The journal of a workflow."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import check_visible
from airflow_wfstate.api.backend import get_backend
from airflow_wfstate.api.entity_tag import READ_RESPONSES, IfNoneMatch, tagged_response
from airflow_wfstate.api.parameters import Limit
from airflow_wfstate.domain.messages.journal import JournalPage

reads = APIRouter(tags=["journal"])
"""Also under /wfstate/ui, for the page."""


@reads.get("/workflows/{workflow_id}/journal", response_model=JournalPage, responses=READ_RESPONSES)
def read_journal(
    caller: Annotated[Caller, Depends(authenticate)],
    workflow_id: str,
    after: Annotated[int, Query(ge=0, lt=2**62)] = 0,
    limit: Limit = 200,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Entries with a number above ``after``, ascending."""
    check_visible(caller, workflow_id)
    return tagged_response(get_backend().read_journal(workflow_id, after, limit), if_none_match)
