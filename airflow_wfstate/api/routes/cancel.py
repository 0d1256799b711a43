"""Cancel: the end of a workflow before its time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic.dataclasses import dataclass

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import check_visible, check_workflow_change
from airflow_wfstate.api.backend import get_backend, json_response
from airflow_wfstate.api.entity_tag import WRITE_RESPONSES
from airflow_wfstate.api.person_headers import PersonHeaders, person_headers
from airflow_wfstate.api.strict_body import STRICT_BODY
from airflow_wfstate.domain.messages.cancel import CancelledWorkflow, CancelPlan, CancelWorkflow

CallerOf = Annotated[Caller, Depends(authenticate)]
Headers = Annotated[PersonHeaders, Depends(person_headers)]

writes = APIRouter(prefix="/workflows/{workflow_id}", tags=["cancel"])
reads = APIRouter(prefix="/workflows/{workflow_id}", tags=["cancel"])
"""Also under /wfstate/ui, for the page."""


@dataclass(frozen=True, config=STRICT_BODY)
class CancelBody:
    """See :class:`~airflow_wfstate.domain.messages.cancel.CancelWorkflow`."""

    compensate: bool = False
    reason: str | None = None
    idempotency_key: str | None = None
    if_version: int | None = None


@writes.post("/cancel", response_model=CancelledWorkflow, responses=WRITE_RESPONSES)
def cancel_workflow(caller: CallerOf, workflow_id: str, body: CancelBody, headers: Headers) -> Response:
    """Cancel the workflow, or have it undone first; one that has ended stays as it is."""
    backend = get_backend()
    actor = check_workflow_change(caller, workflow_id)
    wish = CancelWorkflow(
        workflow_id=workflow_id,
        compensate=body.compensate,
        reason=body.reason,
        idempotency_key=body.idempotency_key,
        if_version=body.if_version,
    )
    return json_response(backend.cancel_workflow(headers.complete(wish, actor)))


@reads.get("/cancel-plan", response_model=CancelPlan)
def plan_cancel(caller: CallerOf, workflow_id: str, compensate: bool = False) -> Response:
    """What a cancel would do now. Nothing is changed."""
    backend = get_backend()
    check_visible(caller, workflow_id)
    return json_response(backend.plan_cancel(workflow_id, compensate=compensate))
