"""The cap: after ``[wfstate] max_attempts`` attempts of one round, an operator decides.

Each resume resets the count and allows as many attempts again. Clearing a task of the run in Airflow also counts as a
resume if it happens after the workflow was put on hold.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from airflow_wfstate import conf
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES
from airflow_wfstate.domain.rules.text.counted import counted
from airflow_wfstate.exceptions import AttemptsExhausted
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.steps.lost_attempt import mark_lost
from airflow_wfstate.store.steps.row import StepRow
from airflow_wfstate.store.workflows.caller import Caller
from airflow_wfstate.store.workflows.change import Change
from airflow_wfstate.store.workflows.failed_state import become_failed

_REASON = "reason"
_TASK_INSTANCE = "task_instance_id"
_CLEAR_NUMBER = "clear_number"
"""Only in entries written before revision 0007: how often the run had been cleared by then."""


def is_exhausted(connection: Connection, change: Change, step: StepRow) -> bool:
    """Whether the newest round of a step has used all attempts that it gets before someone resumes the workflow."""
    limit = conf.max_attempts()
    if limit == 0 or step.attempt < limit:  # a lifetime count, but it nearly always settles the question
        return False
    attempt, journal = schema.attempt, schema.journal
    resumed_at: datetime | None = connection.execute(
        select(func.max(journal.c.at)).where(
            journal.c.workflow_id == change.workflow_id, journal.c.kind == EntryKind.WORKFLOW_RESUMED.value
        )
    ).scalar_one()
    counted = select(func.count()).where(attempt.c.step_id == step.id, attempt.c.round == step.round)
    if resumed_at is not None:
        counted = counted.where(attempt.c.started_at >= resumed_at)
    return bool(connection.execute(counted).scalar_one() >= limit)


def hold_for_exhausted(change: Change, caller: Caller, step: StepRow) -> AttemptsExhausted:
    """Fail the workflow and hold it whatever its failure policy; return the error that refuses the begin."""
    if step.state in OPEN_STEP_STATES:
        mark_lost(change, [step])
    count = conf.max_attempts()
    attempts = counted(count, "attempt")
    reason = f"Step {step.label} had {attempts} in round {step.round}, the most that [wfstate] max_attempts allows"
    error = change.error or f"{reason}."
    change.journal(
        EntryKind.WORKFLOW_FAILED,
        step=step.label,
        step_id=step.id,
        data={
            "dag_id": caller.dag_id,
            "run_id": caller.run_id,
            "error": error,
            _REASON: reason,
            _TASK_INSTANCE: caller.task_instance_id,
        },
    )
    become_failed(change, error=error, hold_reason=reason)
    return _refusal(change, reason)


def held_for_exhausted(connection: Connection, change: Change, caller: Caller) -> AttemptsExhausted | None:
    """Return the error for a begin in a failed workflow that the cap holds.

    None when something else failed it, or when the run that hit the cap was cleared since, which resumes it.
    """
    journal = schema.journal
    entry = connection.execute(
        select(journal.c.data)
        .where(journal.c.workflow_id == change.workflow_id, journal.c.kind == EntryKind.WORKFLOW_FAILED.value)
        .order_by(journal.c.number.desc())
        .limit(1)
    ).scalar_one_or_none()
    data: dict[str, Any] = {} if entry is None else json.loads(entry)
    if _REASON not in data:
        return None
    same_run = (data["dag_id"], data["run_id"]) == (caller.dag_id, caller.run_id)
    earlier = data.get(_CLEAR_NUMBER)
    is_cleared = caller.was_cleared_since_failure if earlier is None else caller.clear_number > earlier
    if same_run and is_cleared:
        return None
    return _refusal(change, data[_REASON])


def _refusal(change: Change, reason: str) -> AttemptsExhausted:
    return AttemptsExhausted(
        f"{reason}. Workflow {change.name} / {change.key} ({change.workflow_id}) is on hold.",
        f"Fix the cause, then: airflow wfstate resume {change.workflow_id}",
    )
