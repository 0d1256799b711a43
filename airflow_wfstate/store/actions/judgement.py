"""What an action makes of a whole workflow, as its state, and what is to undo, decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.exceptions import Conflict


@dataclass(frozen=True)
class Judgement:
    """What becomes of the workflow, and why in one sentence.

    :param next_state: the state that it is in already when nothing changes.
    """

    next_state: WorkflowState
    outcome: str


def why_nothing_changes(state: WorkflowState, judge: Callable[[], Judgement]) -> str | None:
    """Why an action on a workflow in this state is refused, or changes nothing; None when it would change something."""
    try:
        judged = judge()
    except Conflict as error:
        return str(error)
    return judged.outcome if judged.next_state is state else None
