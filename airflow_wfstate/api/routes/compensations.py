"""Compensations: the turn to run the next one, and how it ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import check_compensation_key, check_task_instance
from airflow_wfstate.api.backend import get_backend, json_response
from airflow_wfstate.api.write_headers import IdempotencyKey
from airflow_wfstate.domain.messages.compensation import EndCompensation, EndedCompensation, TakeTurn, TurnAnswer

CallerOf = Annotated[Caller, Depends(authenticate)]

writes = APIRouter(prefix="/compensations", tags=["compensations"])


@writes.post("/turn", response_model=TurnAnswer)
def take_turn(caller: CallerOf, body: TakeTurn, idempotency_key: IdempotencyKey = None) -> Response:
    """Judge the relay's run, and get the next compensation if it belongs to that run."""
    check_task_instance(caller, body.task_instance_id)
    request = replace(body, idempotency_key=idempotency_key or body.idempotency_key)
    return json_response(get_backend().take_turn(request))


@writes.post("/end", response_model=EndedCompensation)
def end_compensation(caller: CallerOf, body: EndCompensation, idempotency_key: IdempotencyKey = None) -> Response:
    """Record how an attempt of a compensation ended."""
    check_compensation_key(caller, body.compensation_key)
    request = replace(body, idempotency_key=idempotency_key or body.idempotency_key)
    return json_response(get_backend().end_compensation(request))
