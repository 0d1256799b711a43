"""The right of an open attempt to write: its own row is the lock. A deferred task writes from its trigger.

Checkpoints and records lock only this row, so that a thousand mapped items do not queue for their workflow's row. A
begin that takes over the attempt updates the same row, so the fencing holds.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from airflow_wfstate.domain.messages.record import SaveRecord
from airflow_wfstate.domain.messages.step import SaveCheckpoint
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, WorkflowState
from airflow_wfstate.exceptions import InvalidAttemptKey, StaleAttempt, WorkflowClosed
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.steps.attempt_key import AttemptKey, verify
from airflow_wfstate.store.steps.write_content import check_repetition, content_sha256

_attempt: Final = schema.attempt

_LOCK: Final = (
    update(_attempt)
    .where(
        _attempt.c.step_id == bindparam("locked_step_id"),
        _attempt.c.number == bindparam("locked_number"),
        _attempt.c.last_write < bindparam("write"),
        _attempt.c.state.in_([state.value for state in OPEN_STEP_STATES]),
    )
    .values(last_write=bindparam("write"), last_write_sha256=bindparam("write_sha256"))
)

_READ: Final = (
    select(
        _attempt.c.state,
        _attempt.c.last_write,
        _attempt.c.last_write_sha256,
        schema.step.c.name,
        schema.step.c.attempt,
        schema.workflow.c.id.label("workflow_id"),
        schema.workflow.c.state.label("workflow_state"),
        schema.workflow.c.secret,
    )
    .join(schema.step, schema.step.c.id == _attempt.c.step_id)
    .join(schema.workflow, schema.workflow.c.id == schema.step.c.workflow_id)
    .where(_attempt.c.step_id == bindparam("step_id"), _attempt.c.number == bindparam("number"))
)


def lock_running_attempt(connection: Connection, key: AttemptKey, write: SaveCheckpoint | SaveRecord) -> bool:
    """Lock the attempt and count its write; return False when this very write was already applied.

    :raises InvalidAttemptKey: the key was not issued by this store.
    :raises StaleAttempt: the attempt is no longer running or waiting.
    :raises WorkflowClosed: its workflow is no longer running.
    :raises WriteConflict: a different write with this number, or a later write, was already applied.
    """
    locked = connection.execute(
        _LOCK,
        {
            "locked_step_id": key.step_id,
            "locked_number": key.attempt,
            "write": write.write,
            "write_sha256": content_sha256(write),
        },
    )
    row = connection.execute(_READ, {"step_id": key.step_id, "number": key.attempt}).one_or_none()
    if row is None or row.workflow_id != key.workflow_id:
        raise InvalidAttemptKey(
            f"The attempt key names a step {key.step_id} that this store does not have.",
            "The workflow was deleted, or the key was issued by another Airflow.",
        )
    verify(key, row.secret)
    if locked.rowcount != 1:
        if write.write <= row.last_write:
            check_repetition(row.name, write, row.last_write, row.last_write_sha256)
            return False
        raise StaleAttempt(
            f"Attempt {key.attempt} of step {row.name} is {row.state}; attempt {row.attempt} is the newest.",
            "Only a running or waiting attempt saves values; this one was not saved. The journal shows what ended it: "
            f"airflow wfstate journal {key.workflow_id}",
        )
    if row.workflow_state != WorkflowState.RUNNING.value:
        raise WorkflowClosed(
            f"The workflow {row.workflow_id} of step {row.name} is {row.workflow_state}.",
            "The step must stop: nothing it saves is kept.",
        )
    return True


def verify_attempt(connection: Connection, key: AttemptKey) -> None:
    """Check that this store issued the key, whatever has become of its attempt.

    :raises InvalidAttemptKey: it did not.
    """
    row = connection.execute(_READ, {"step_id": key.step_id, "number": key.attempt}).one_or_none()
    if row is None or row.workflow_id != key.workflow_id:
        raise InvalidAttemptKey(
            f"The attempt key names a step {key.step_id} that this store does not have.",
            "The workflow was deleted, or the key was issued by another Airflow.",
        )
    verify(key, row.secret)
