"""The caller's rights that concern all DAGs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import rights_of
from airflow_wfstate.api.backend import json_response
from airflow_wfstate.domain.messages.rights import Rights

reads = APIRouter(tags=["health"])
"""Also available under /wfstate/ui, for the page."""


@reads.get("/rights", response_model=Rights)
def get_rights(caller: Annotated[Caller, Depends(authenticate)]) -> Response:
    """Get whether the caller may read events and subscriptions, and whether they may act on them."""
    return json_response(rights_of(caller))
