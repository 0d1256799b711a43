"""A checkpoint: the last value under a name inside a round.

Locks the attempt's row alone, so that a thousand mapped items do not queue for their workflow's row. A begin that
takes the attempt over updates the same row: the fence holds.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from airflow_wfstate.domain.names import check_name
from airflow_wfstate.domain.states import StepState, WorkflowState
from airflow_wfstate.domain.step import RecordedWrite, SaveCheckpoint
from airflow_wfstate.exceptions import InvalidAttemptKey, StaleAttempt, WorkflowClosed
from airflow_wfstate.store import schema
from airflow_wfstate.store.attempt_key import AttemptKey, parse, verify
from airflow_wfstate.store.clock import database_now
from airflow_wfstate.store.end_attempt import check_write_number
from airflow_wfstate.store.payload_columns import check_payload
from airflow_wfstate.store.transaction import Unchanged

_attempt: Final = schema.attempt

_LOCK: Final = (
    update(_attempt)
    .where(
        _attempt.c.step_id == bindparam("locked_step_id"),
        _attempt.c.number == bindparam("locked_number"),
        _attempt.c.last_write < bindparam("write"),
        _attempt.c.state == StepState.RUNNING.value,
    )
    .values(last_write=bindparam("write"))
)

_READ: Final = (
    select(
        _attempt.c.state,
        _attempt.c.last_write,
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


def save_checkpoint(connection: Connection, request: SaveCheckpoint) -> RecordedWrite | Unchanged[RecordedWrite]:
    """Keep the value, as ``StateBackend.save_checkpoint`` says."""
    check_checkpoint(request)
    key = parse(request.attempt_key)
    locked = connection.execute(
        _LOCK, {"locked_step_id": key.step_id, "locked_number": key.attempt, "write": request.write}
    )
    row = connection.execute(_READ, {"step_id": key.step_id, "number": key.attempt}).one_or_none()
    if row is None or row.workflow_id != key.workflow_id:
        raise InvalidAttemptKey(
            f"The attempt key names a step {key.step_id} that this store does not have.",
            "The workflow was deleted, or the key comes from another Airflow.",
        )
    verify(key, row.secret)
    answer = RecordedWrite(key.step_id, key.attempt, request.write)
    if locked.rowcount != 1:
        if request.write <= row.last_write:
            return Unchanged(answer)
        raise StaleAttempt(
            f"Attempt {key.attempt} of step {row.name} is {row.state}; attempt {row.attempt} is the newest.",
            "Only a running attempt saves checkpoints; this value is not kept.",
        )
    if row.workflow_state != WorkflowState.RUNNING.value:
        raise WorkflowClosed(
            f"The workflow {row.workflow_id} of step {row.name} is {row.workflow_state}.",
            "The step must stop: what it saves is not kept any more.",
        )
    _store(connection, request, key)
    return answer


def check_checkpoint(request: SaveCheckpoint) -> None:
    """Check what does not depend on the stored state.

    :raises InvalidRequest: the name is none, the number is out of range, or the value cannot be stored.
    """
    check_name("checkpoint name", request.name)
    check_write_number(request.write)
    check_payload(f"checkpoint {request.name}", request.value)


def _store(connection: Connection, request: SaveCheckpoint, key: AttemptKey) -> None:
    dialect_insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    values = {
        "value": request.value.text,
        "value_type": request.value.type,
        "value_sha256": request.value.sha256,
        "attempt": key.attempt,
        "saved_at": database_now(),
    }
    connection.execute(
        dialect_insert(schema.checkpoint)
        .values(step_id=key.step_id, round=key.round, name=request.name, **values)
        .on_conflict_do_update(index_elements=["step_id", "round", "name"], set_=values)
    )
