"""Record a compensation that failed permanently."""

from __future__ import annotations

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.states import CompensationState, predecessors
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.workflows.change import Change


def fail_compensation(change: Change, label: str, step_id: str, round_number: int, attempt: int, error: str) -> None:
    """Record that the compensation of a round failed permanently. The caller decides what becomes of the workflow.

    :param label: the step's label.
    :param attempt: number of the failed attempt; 0 when none began.
    """
    change.update(
        schema.compensation,
        where={"step_id": step_id, "round": round_number},
        values={
            "state": CompensationState.FAILED.value,
            "error": error,
            "ended_at": change.now,
            "answer_due_at": None,
        },
        from_states=predecessors(CompensationState.FAILED),
    )
    change.journal(
        EntryKind.COMPENSATION_FAILED,
        step=label,
        step_id=step_id,
        attempt=attempt or None,
        data={"round": round_number, "error": error},
    )
