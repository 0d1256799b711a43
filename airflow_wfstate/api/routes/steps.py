"""Steps: begin, and what an attempt writes."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import check_attempt_key, check_task_instance
from airflow_wfstate.api.backend import get_backend, json_response
from airflow_wfstate.api.write_headers import IdempotencyKey
from airflow_wfstate.domain.messages.record import ReadRecords, RecordPage, SaveRecord
from airflow_wfstate.domain.messages.step import (
    BeginStep,
    BegunStep,
    EndAttempt,
    LinkChildRun,
    LinkedChildRun,
    RecordedWrite,
    SaveCheckpoint,
)

CallerOf = Annotated[Caller, Depends(authenticate)]

writes = APIRouter(prefix="/steps", tags=["steps"])


@writes.post("/begin", response_model=BegunStep)
def begin_step(caller: CallerOf, body: BeginStep, idempotency_key: IdempotencyKey = None) -> Response:
    """Begin the next attempt of a step, or learn that there is nothing to do."""
    check_task_instance(caller, body.task_instance_id)
    request = replace(body, idempotency_key=idempotency_key or body.idempotency_key)
    return json_response(get_backend().begin_step(request))


@writes.post("/checkpoint", response_model=RecordedWrite)
def save_checkpoint(caller: CallerOf, body: SaveCheckpoint, idempotency_key: IdempotencyKey = None) -> Response:
    """Keep a value inside the round."""
    check_attempt_key(caller, body.attempt_key)
    request = replace(body, idempotency_key=idempotency_key or body.idempotency_key)
    return json_response(get_backend().save_checkpoint(request))


@writes.post("/record", response_model=RecordedWrite)
def save_record(caller: CallerOf, body: SaveRecord, idempotency_key: IdempotencyKey = None) -> Response:
    """Keep the result of a call, once in a round."""
    check_attempt_key(caller, body.attempt_key)
    request = replace(body, idempotency_key=idempotency_key or body.idempotency_key)
    return json_response(get_backend().save_record(request))


@writes.post("/records", response_model=RecordPage)
def read_records(caller: CallerOf, body: ReadRecords) -> Response:
    """The records of the attempt's round. A POST, because the attempt key must stay out of addresses and logs."""
    check_attempt_key(caller, body.attempt_key)
    return json_response(get_backend().read_records(body))


@writes.post("/end", response_model=RecordedWrite)
def end_attempt(caller: CallerOf, body: EndAttempt, idempotency_key: IdempotencyKey = None) -> Response:
    """Record how an attempt ended, or that it waits."""
    check_attempt_key(caller, body.attempt_key)
    request = replace(body, idempotency_key=idempotency_key or body.idempotency_key)
    return json_response(get_backend().end_attempt(request))


@writes.post("/child-run", response_model=LinkedChildRun)
def link_child_run(caller: CallerOf, body: LinkChildRun, idempotency_key: IdempotencyKey = None) -> Response:
    """Bind a run that is about to be triggered to the workflow of the step."""
    check_attempt_key(caller, body.attempt_key)
    request = replace(body, idempotency_key=idempotency_key or body.idempotency_key)
    return json_response(get_backend().link_child_run(request))
