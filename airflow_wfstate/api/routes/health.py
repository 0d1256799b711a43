"""Health: whether the tables answer and somebody sweeps."""

from __future__ import annotations

from fastapi import APIRouter, Response

from airflow_wfstate.api.backend import get_backend, json_response
from airflow_wfstate.store.health import Health, read_health
from airflow_wfstate.store.transaction import run_read

reads = APIRouter(tags=["health"])


@reads.get("/health", response_model=Health)
def get_health() -> Response:
    """How the store is."""
    return json_response(run_read(get_backend().engine, read_health))
