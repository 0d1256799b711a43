"""Compensate: the undo of a workflow that a person wants, and what a person decides about one compensation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import check_workflow_change, visible, visible_plan
from airflow_wfstate.api.backend import get_backend, json_response
from airflow_wfstate.api.write_headers import IdempotencyKey
from airflow_wfstate.domain.compensate import (
    CompensatedWorkflow,
    CompensatePlan,
    CompensateWorkflow,
    DecideCompensation,
    DecidedCompensation,
    Decision,
)

CallerOf = Annotated[Caller, Depends(authenticate)]

writes = APIRouter(prefix="/workflows/{workflow_id}", tags=["compensate"])
reads = APIRouter(prefix="/workflows/{workflow_id}", tags=["compensate"])
"""Also under /wfstate/ui, for the page."""


@dataclass(frozen=True)
class CompensateBody:
    """See :class:`~airflow_wfstate.domain.compensate.CompensateWorkflow`."""

    reason: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True)
class DecisionBody:
    """See :class:`~airflow_wfstate.domain.compensate.DecideCompensation`."""

    step: str
    decision: Decision
    reason: str
    round: int | None = None
    idempotency_key: str | None = None


@writes.post("/compensate", response_model=CompensatedWorkflow)
def compensate_workflow(
    caller: CallerOf, workflow_id: str, body: CompensateBody, idempotency_key: IdempotencyKey = None
) -> Response:
    """Undo what the workflow did; one that is being undone, or has nothing to undo, stays as it is."""
    backend = get_backend()
    actor = check_workflow_change(caller, backend.get_workflow(workflow_id))
    request = CompensateWorkflow(
        workflow_id=workflow_id,
        reason=body.reason,
        actor=actor,
        idempotency_key=idempotency_key or body.idempotency_key,
    )
    return json_response(backend.compensate_workflow(request))


@writes.post("/compensation", response_model=DecidedCompensation)
def decide_compensation(
    caller: CallerOf, workflow_id: str, body: DecisionBody, idempotency_key: IdempotencyKey = None
) -> Response:
    """Retry, skip or call done the undo of one step, and let the workflow go on."""
    backend = get_backend()
    actor = check_workflow_change(caller, backend.get_workflow(workflow_id))
    request = DecideCompensation(
        workflow_id=workflow_id,
        step=body.step,
        decision=body.decision,
        reason=body.reason,
        round=body.round,
        actor=actor,
        idempotency_key=idempotency_key or body.idempotency_key,
    )
    return json_response(backend.decide_compensation(request))


@reads.get("/compensate-plan", response_model=CompensatePlan)
def plan_compensate(caller: CallerOf, workflow_id: str) -> Response:
    """What an undo would do now. Nothing is changed; payloads of DAGs that the caller may not read are left out."""
    backend = get_backend()
    visible(caller, backend.get_workflow(workflow_id))
    return json_response(visible_plan(caller, backend.plan_compensate(workflow_id)))
