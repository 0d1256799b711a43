"""What a start does if the key was started before, depending on the state of its newest generation."""

from __future__ import annotations

from enum import Enum

from airflow_wfstate.domain.rules.policies import IfExists
from airflow_wfstate.domain.rules.states import FINAL_WORKFLOW_STATES, WorkflowState


class StartDecision(str, Enum):
    """What a start does.

    ``begin``: the key's next generation begins. ``attach``: the run joins the existing workflow (stored outputs are
    returned). ``resume``: the failed workflow continues, because its own run was cleared since and starts it again.
    ``wait``: ask again when it has been compensated. ``terminate``: end it first, with compensation. The others are
    refusals: ``exists`` (the key is taken), ``held`` (an operator must first decide about its compensations) and
    ``other_input``.
    """

    BEGIN = "begin"
    ATTACH = "attach"
    RESUME = "resume"
    WAIT = "wait"
    TERMINATE = "terminate"
    EXISTS = "exists"
    HELD = "held"
    OTHER_INPUT = "other_input"


def decide_start(
    state: WorkflowState,
    if_exists: IfExists,
    *,
    is_own: bool,
    is_cleared: bool,
    takes_part: bool,
    same_input: bool,
) -> StartDecision:
    """What a start does to the newest generation of its key.

    :param state: the state of that generation.
    :param is_own: whether the starting run is its owner or child. Such a run never ends its own workflow.
    :param is_cleared: whether that run was cleared since the workflow failed. A retry of its start is not a request to
        resume.
    :param takes_part: whether that run already belongs to it, in any role. Its input was settled when it joined, and
        the params of a run that starts again may differ (a computed default, a new param).
    :param same_input: whether the start has the same input as that generation. A generation that replaces it may have
        another.
    """
    if state in FINAL_WORKFLOW_STATES:
        return StartDecision.BEGIN
    # Whatever their input: the start is to begin the next generation.
    if state is WorkflowState.COMPENSATION_FAILED:
        return StartDecision.HELD
    if state is WorkflowState.COMPENSATING:
        return StartDecision.WAIT
    replaces = if_exists is IfExists.TERMINATE and not is_own and state is not WorkflowState.SUCCEEDED
    if not same_input and not takes_part and not replaces:
        return StartDecision.OTHER_INPUT
    if state is WorkflowState.SUCCEEDED:
        return StartDecision.ATTACH
    if is_own:
        return StartDecision.RESUME if state is WorkflowState.FAILED and is_cleared else StartDecision.ATTACH
    return {
        IfExists.ATTACH: StartDecision.ATTACH,
        IfExists.REJECT: StartDecision.EXISTS,
        IfExists.TERMINATE: StartDecision.TERMINATE,
    }[if_exists]
