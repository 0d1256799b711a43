"""What the caller may do to a workflow now: which buttons the page enables, and why others are disabled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from airflow_wfstate.api.authentication import Caller, authenticate
from airflow_wfstate.api.authorization import check_visible, check_workflow_change
from airflow_wfstate.api.backend import get_backend
from airflow_wfstate.api.entity_tag import READ_RESPONSES, IfNoneMatch, tagged_response
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.exceptions import AccessDenied

reads = APIRouter(prefix="/workflows/{workflow_id}", tags=["workflows"])
"""Also available under /wfstate/ui, for the page."""


class ActionName(str, Enum):
    """The actions on a whole workflow. Each has a route of this name; ``cancel`` works with or without compensation."""

    RESUME = "resume"
    RESTART = "restart"
    CANCEL = "cancel"
    CANCEL_AND_COMPENSATE = "cancel_and_compensate"
    COMPENSATE = "compensate"
    DECIDE = "decide"


@dataclass(frozen=True)
class AllowedAction:
    """Whether the caller may perform the action now.

    :param refusal: why not, in full sentences; None if it is allowed.
    """

    action: ActionName
    refusal: str | None


@dataclass(frozen=True)
class AllowedActions:
    """Every action, in the order in which the page shows them."""

    actions: list[AllowedAction]


@reads.get("/actions", response_model=AllowedActions, responses=READ_RESPONSES)
def list_actions(
    caller: Annotated[Caller, Depends(authenticate)], workflow_id: str, if_none_match: IfNoneMatch = None
) -> Response:
    """List what the caller may do to the workflow now, and why other actions are refused. A plan shows the effects."""
    access = check_visible(caller, workflow_id)
    try:
        check_workflow_change(caller, workflow_id)
    except AccessDenied as error:
        refused = [AllowedAction(name, f"{error.reason} {error.remedy}") for name in ActionName]
        return tagged_response(AllowedActions(refused), if_none_match)
    refusals = dict(_refusals(workflow_id, access.state))
    allowed = AllowedActions([AllowedAction(name, refusals[name]) for name in ActionName])
    return tagged_response(allowed, if_none_match)


def _refusals(workflow_id: str, state: WorkflowState) -> Iterator[tuple[ActionName, str | None]]:
    """Why the server would refuse each action; None if it would not."""
    backend = get_backend()
    yield ActionName.RESUME, backend.why_not_resume(workflow_id)
    # The plan of a restart needs the step to restart from, so the dialog's plan makes the final decision.
    rests = state in (WorkflowState.FAILED, WorkflowState.SUCCEEDED)
    yield ActionName.RESTART, None if rests else f"A workflow that is {_words(state)} cannot be restarted."
    for name, compensate in ((ActionName.CANCEL, False), (ActionName.CANCEL_AND_COMPENSATE, True)):
        yield name, backend.why_not_cancel(workflow_id, compensate=compensate)
    yield ActionName.COMPENSATE, backend.why_not_compensate(workflow_id)
    held = state is WorkflowState.COMPENSATION_FAILED
    yield (
        ActionName.DECIDE,
        None if held else "You can decide about a compensation only after one has failed permanently.",
    )


def _words(state: WorkflowState) -> str:
    return state.value.replace("_", " ")
