"""Lost attempts: their task instance is over, and nobody said how the step ended."""

from __future__ import annotations

from airflow_wfstate.domain.journal import EntryKind
from airflow_wfstate.domain.states import StepState, predecessors
from airflow_wfstate.store import schema
from airflow_wfstate.store.change import Change
from airflow_wfstate.store.step_row import StepRow


def mark_lost(change: Change, step: StepRow) -> None:
    """Mark the newest attempt of an open step as lost: its outcome is unknown, so it counts as possibly done."""
    change.journal(
        EntryKind.STEP_LOST,
        step=step.label,
        step_id=step.id,
        attempt=step.attempt,
        data={"task_instance_id": step.task_instance_id},
    )
    lost = StepState.LOST.value
    change.update(
        schema.attempt,
        where={"step_id": step.id, "number": step.attempt},
        values={"state": lost, "ended_at": change.now},
        from_states=predecessors(StepState.LOST),
    )
    change.update(
        schema.step,
        where={"id": step.id, "attempt": step.attempt},
        values={"state": lost, "updated_at": change.now},
        from_states=predecessors(StepState.LOST),
    )
    # last_entry stays: a lost round is undone in the place of the last entry that it wrote itself.
    change.update(schema.round_, where={"step_id": step.id, "number": step.round}, values={"state": lost})
