"""Health: whether the tables can be read, and whether the sweep runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import visible_health
from airflow_wfstate.api.backend import get_backend, json_response
from airflow_wfstate.store.sweeping.health import Health

reads = APIRouter(tags=["health"])


@reads.get("/health", response_model=Health)
def get_health(caller: Annotated[Caller, Depends(authenticate)]) -> Response:
    """Get the health of the store. Only callers who may read every DAG see the number of workflows."""
    return json_response(visible_health(caller, get_backend().read_health()))
