"""What an action makes of a whole workflow, as its state, and what is to undo, decide."""

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
    """What becomes of the workflow, and why in one sentence.

    :param next_state: the state that it is in already when nothing changes.
    :param is_counted: whether :func:`told` adds how much is undone, and how much stays.
    """

    next_state: WorkflowState
    outcome: str
    is_counted: bool = False


def told(connection: Connection, workflow_id: str, judged: Judgement, *, with_discarded: bool = False) -> str:
    """What a person is told of the judgement. Counts the undos and the steps that stay, where it depends on them.

    :param with_discarded: what was discarded when the workflow succeeded is undone too.
    """
    if not judged.is_counted:
        return judged.outcome
    to_undo = count_to_undo(connection, workflow_id, with_discarded=with_discarded)
    return f"{judged.outcome} {undo_counts_text(to_undo, count_staying(connection, workflow_id))}"


def why_nothing_changes(state: WorkflowState, judge: Callable[[], Judgement]) -> str | None:
    """Why an action on a workflow in this state is refused, or changes nothing; None when it would change something."""
    try:
        judged = judge()
    except Conflict as error:
        return str(error)
    return judged.outcome if judged.next_state is state else None
