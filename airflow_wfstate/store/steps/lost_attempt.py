"""Lost attempts: their task instance is over, and nothing reported how the step ended."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.states import StepState, predecessors
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.steps.row import StepRow
from airflow_wfstate.store.workflows.change import Change, NewEntry


def mark_lost(change: Change, steps: Sequence[StepRow]) -> None:
    """Mark the newest attempts of open steps as lost: their outcome is unknown, so they count as possibly done."""
    if not steps:
        return
    change.journal_each(
        EntryKind.STEP_LOST,
        [NewEntry(step.label, step.id, step.attempt, {"task_instance_id": step.task_instance_id}) for step in steps],
    )
    lost = StepState.LOST.value
    change.update_each(
        schema.attempt,
        where=[{"step_id": step.id, "number": step.attempt} for step in steps],
        values={"state": lost, "ended_at": change.now},
        from_states=predecessors(StepState.LOST),
    )
    change.update_each(
        schema.step,
        where=[{"id": step.id, "attempt": step.attempt} for step in steps],
        values={"state": lost, "updated_at": change.now},
        from_states=predecessors(StepState.LOST),
    )
    # last_entry stays unchanged: the undo of a lost round takes the place of the last entry the round wrote itself.
    change.update_each(
        schema.round_, where=[{"step_id": step.id, "number": step.round} for step in steps], values={"state": lost}
    )
