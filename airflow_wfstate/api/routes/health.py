"""Health: whether the tables answer and somebody sweeps."""

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
    """How the store is; the number of workflows for those alone who may read every DAG."""
    return json_response(visible_health(caller, get_backend().read_health()))
