"""What an action would do to a workflow, decided by its state and by what there is to undo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from airflow_wfstate.domain.messages.staying import undo_counts_text
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.exceptions import Conflict
from airflow_wfstate.store.compensation.staying_steps import count_staying
from airflow_wfstate.store.steps.undo_order import count_to_undo


@dataclass(frozen=True)
class Judgement:
    """The state that an action leads to, and why, in one sentence.

    :param next_state: equal to the current state when the action changes nothing.
    :param is_counted: whether :func:`describe` adds how many steps are undone and how many stay.
    """

    next_state: WorkflowState
    outcome: str
    is_counted: bool = False


def describe(connection: Connection, workflow_id: str, judged: Judgement, *, with_discarded: bool = False) -> str:
    """Describe the judgement for a person, with the numbers of undone and remaining steps where they apply.

    :param with_discarded: also count compensations that were discarded when the workflow succeeded.
    """
    if not judged.is_counted:
        return judged.outcome
    to_undo = count_to_undo(connection, workflow_id, with_discarded=with_discarded)
    return f"{judged.outcome} {undo_counts_text(to_undo, count_staying(connection, workflow_id))}"


def why_nothing_changes(state: WorkflowState, judge: Callable[[], Judgement]) -> str | None:
    """Return why an action in this state is refused or changes nothing; None when it would change something."""
    try:
        judged = judge()
    except Conflict as error:
        return str(error)
    return judged.outcome if judged.next_state is state else None
