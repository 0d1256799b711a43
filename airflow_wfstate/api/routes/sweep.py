"""The sweep, by hand."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import check_sweep
from airflow_wfstate.api.backend import get_backend, json_response
from airflow_wfstate.domain.sweep_report import SweepReport

writes = APIRouter(tags=["sweep"])


@writes.post("/sweep", response_model=SweepReport)
def sweep_now(caller: Annotated[Caller, Depends(authenticate)]) -> Response:
    """Make one pass, unless another one is under way."""
    check_sweep(caller)
    return json_response(get_backend().sweep())
