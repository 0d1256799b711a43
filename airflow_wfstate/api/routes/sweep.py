"""Start a sweep manually."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import check_sweep
from airflow_wfstate.api.backend import get_backend, json_response
from airflow_wfstate.api.write_headers import IdempotencyKey
from airflow_wfstate.domain.messages.sweep_report import StartSweep, SweepReport

writes = APIRouter(tags=["sweep"])


@writes.post("/sweep", response_model=SweepReport)
def sweep_now(
    caller: Annotated[Caller, Depends(authenticate)],
    body: StartSweep | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Run one pass of the sweep, unless another one is in progress."""
    request = replace(body or StartSweep(), actor=check_sweep(caller))
    request = replace(request, idempotency_key=idempotency_key or request.idempotency_key)
    return json_response(get_backend().sweep(request))
