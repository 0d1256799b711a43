"""Compensate: the undo of a workflow that a person wants, and what a person decides about one compensation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic.dataclasses import dataclass

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import check_visible, check_workflow_change, visible_plan
from airflow_wfstate.api.backend import get_backend, json_response
from airflow_wfstate.api.entity_tag import WRITE_RESPONSES
from airflow_wfstate.api.person_headers import PersonHeaders, person_headers
from airflow_wfstate.api.strict_body import STRICT_BODY
from airflow_wfstate.domain.messages.code import Code
from airflow_wfstate.domain.messages.compensate import (
    CompensatedWorkflow,
    CompensatePlan,
    CompensateWorkflow,
    DecideCompensation,
    DecidedCompensation,
    Decision,
)

CallerOf = Annotated[Caller, Depends(authenticate)]
Headers = Annotated[PersonHeaders, Depends(person_headers)]

writes = APIRouter(prefix="/workflows/{workflow_id}", tags=["compensate"])
reads = APIRouter(prefix="/workflows/{workflow_id}", tags=["compensate"])
"""Also under /wfstate/ui, for the page."""


@dataclass(frozen=True, config=STRICT_BODY)
class CompensateBody:
    """See :class:`~airflow_wfstate.domain.messages.compensate.CompensateWorkflow`."""

    reason: str | None = None
    code: Code | None = None
    idempotency_key: str | None = None
    if_version: int | None = None


@dataclass(frozen=True, config=STRICT_BODY)
class DecisionBody:
    """See :class:`~airflow_wfstate.domain.messages.compensate.DecideCompensation`."""

    step: str
    decision: Decision
    reason: str
    round: int | None = None
    code: Code | None = None
    idempotency_key: str | None = None
    if_version: int | None = None


@writes.post("/compensate", response_model=CompensatedWorkflow, responses=WRITE_RESPONSES)
def compensate_workflow(caller: CallerOf, workflow_id: str, body: CompensateBody, headers: Headers) -> Response:
    """Undo what the workflow did; one that is being undone, or has nothing to undo, stays as it is."""
    backend = get_backend()
    actor = check_workflow_change(caller, workflow_id)
    wish = CompensateWorkflow(
        workflow_id=workflow_id,
        reason=body.reason,
        code=body.code,
        idempotency_key=body.idempotency_key,
        if_version=body.if_version,
    )
    return json_response(backend.compensate_workflow(headers.complete(wish, actor)))


@writes.post("/compensation", response_model=DecidedCompensation, responses=WRITE_RESPONSES)
def decide_compensation(caller: CallerOf, workflow_id: str, body: DecisionBody, headers: Headers) -> Response:
    """Retry, skip or call done the undo of one step, and let the workflow go on."""
    backend = get_backend()
    actor = check_workflow_change(caller, workflow_id)
    wish = DecideCompensation(
        workflow_id=workflow_id,
        step=body.step,
        decision=body.decision,
        reason=body.reason,
        code=body.code,
        round=body.round,
        idempotency_key=body.idempotency_key,
        if_version=body.if_version,
    )
    return json_response(backend.decide_compensation(headers.complete(wish, actor)))


@reads.get("/compensate-plan", response_model=CompensatePlan)
def plan_compensate(caller: CallerOf, workflow_id: str, code: Code | None = None) -> Response:
    """What an undo would do now. Nothing is changed; payloads of DAGs that the caller may not read are left out."""
    backend = get_backend()
    check_visible(caller, workflow_id)
    return json_response(visible_plan(caller, backend.plan_compensate(workflow_id, code)))
