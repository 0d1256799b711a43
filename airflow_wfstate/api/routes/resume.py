"""Resume and restart: a workflow is set going again."""

from __future__ import annotations

from dataclasses import field, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic.dataclasses import dataclass

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import check_visible, check_workflow_change, may_see_input
from airflow_wfstate.api.backend import get_backend, json_response
from airflow_wfstate.api.entity_tag import WRITE_RESPONSES
from airflow_wfstate.api.parameters import Item, Text
from airflow_wfstate.api.person_headers import PersonHeaders, person_headers
from airflow_wfstate.api.strict_body import STRICT_BODY
from airflow_wfstate.domain.messages.code import Code
from airflow_wfstate.domain.messages.resume import ResumedWorkflow, ResumePlan, ResumeWorkflow
from airflow_wfstate.domain.messages.step_changes import parse_renames

CallerOf = Annotated[Caller, Depends(authenticate)]
Headers = Annotated[PersonHeaders, Depends(person_headers)]

writes = APIRouter(prefix="/workflows/{workflow_id}", tags=["resume"])
reads = APIRouter(prefix="/workflows/{workflow_id}", tags=["resume"])
"""Also under /wfstate/ui, for the page."""


@dataclass(frozen=True, config=STRICT_BODY)
class ResumeBody:
    """See :class:`~airflow_wfstate.domain.messages.resume.ResumeWorkflow`; ``from_step`` goes with a restart alone."""

    from_step: None = None
    reason: str | None = None
    deadline_seconds: int | None = None
    code: Code | None = None
    renames: dict[str, str] = field(default_factory=dict)
    new_steps: list[str] = field(default_factory=list)
    idempotency_key: str | None = None
    if_version: int | None = None


@dataclass(frozen=True, config=STRICT_BODY)
class RestartBody:
    """See :class:`~airflow_wfstate.domain.messages.resume.ResumeWorkflow`."""

    from_step: str
    reason: str | None = None
    deadline_seconds: int | None = None
    code: Code | None = None
    renames: dict[str, str] = field(default_factory=dict)
    new_steps: list[str] = field(default_factory=list)
    idempotency_key: str | None = None
    if_version: int | None = None


@writes.post("/resume", response_model=ResumedWorkflow, responses=WRITE_RESPONSES)
def resume_workflow(caller: CallerOf, workflow_id: str, body: ResumeBody, headers: Headers) -> Response:
    """Set a failed workflow going again from what is unfinished; one that is running stays as it is."""
    return _resume(caller, workflow_id, body, headers)


@writes.post("/restart", response_model=ResumedWorkflow, responses=WRITE_RESPONSES)
def restart_workflow(caller: CallerOf, workflow_id: str, body: RestartBody, headers: Headers) -> Response:
    """Have a failed or succeeded workflow run again from a step on."""
    return _resume(caller, workflow_id, body, headers)


@reads.get("/resume-plan", response_model=ResumePlan)
def plan_resume(
    caller: CallerOf,
    workflow_id: str,
    from_step: Text = None,
    code: Code | None = None,
    rename: Annotated[list[Item] | None, Query(description="old=new; may be given several times.")] = None,
    new_step: Annotated[list[Item] | None, Query(description="May be given several times.")] = None,
) -> Response:
    """What a resume, or a restart from a step, would do now. Nothing is changed."""
    backend = get_backend()
    access = check_visible(caller, workflow_id)
    plan = backend.plan_resume(
        workflow_id, from_step, code, renames=parse_renames(rename or []), new_steps=new_step or []
    )
    if not may_see_input(
        caller, access
    ):  # the conf of a new run is the workflow's input, which this caller may not read
        plan = replace(plan, recreated_runs=[replace(run, conf=None) for run in plan.recreated_runs])
    return json_response(plan)


def _resume(caller: Caller, workflow_id: str, body: ResumeBody | RestartBody, headers: PersonHeaders) -> Response:
    backend = get_backend()
    actor = check_workflow_change(caller, workflow_id)
    wish = ResumeWorkflow(
        workflow_id=workflow_id,
        from_step=body.from_step,
        reason=body.reason,
        deadline_seconds=body.deadline_seconds,
        code=body.code,
        renames=body.renames,
        new_steps=body.new_steps,
        idempotency_key=body.idempotency_key,
        if_version=body.if_version,
    )
    return json_response(backend.resume_workflow(headers.complete(wish, actor)))
