"""Health: whether the tables answer and somebody sweeps."""

from __future__ import annotations

from fastapi import APIRouter, Response

from airflow_wfstate.api.backend import get_backend, json_response
from airflow_wfstate.store.health import Health, read_health
from airflow_wfstate.store.transaction import Unchanged, run_transaction

reads = APIRouter(tags=["health"])


@reads.get("/health", response_model=Health)
def get_health() -> Response:
    """How the store is."""
    health = run_transaction(get_backend().engine, lambda connection: Unchanged(read_health(connection)))
    return json_response(health)
