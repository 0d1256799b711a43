"""Save a checkpoint: the last value under a name inside a round."""

from __future__ import annotations

from sqlalchemy import Connection

from airflow_wfstate.domain.messages.step import RecordedWrite, SaveCheckpoint
from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.conflict_insert import conflict_insert
from airflow_wfstate.store.database.transaction import Unchanged
from airflow_wfstate.store.payloads.checks import check_payload
from airflow_wfstate.store.payloads.stored_payload import StoredPayload
from airflow_wfstate.store.steps.attempt_key import AttemptKey, parse
from airflow_wfstate.store.steps.attempt_payload import keep_of_attempt
from airflow_wfstate.store.steps.end_attempt import check_write_number
from airflow_wfstate.store.steps.running_attempt import lock_running_attempt


def keep_checkpoint(request: SaveCheckpoint) -> StoredPayload:
    """Store the value of a checkpoint that is about to be saved.

    :raises InvalidRequest: the name is not valid, the number is out of range, or the value cannot be stored.
    """
    check_name("checkpoint name", request.name)
    check_write_number(request.write)
    check_payload(f"checkpoint {request.name}", request.value)
    return keep_of_attempt(request.value, request.attempt_key)


def save_checkpoint(
    connection: Connection, request: SaveCheckpoint, value: StoredPayload
) -> RecordedWrite | Unchanged[RecordedWrite]:
    """Save the value, as described at ``StateBackend.save_checkpoint``.

    :param value: the request's value, as stored by :func:`keep_checkpoint`.
    """
    key = parse(request.attempt_key)
    answer = RecordedWrite(key.step_id, key.attempt, request.write)
    if not lock_running_attempt(connection, key, request):
        return Unchanged(answer)
    _store(connection, request.name, value, key)
    return answer


def _store(connection: Connection, name: str, value: StoredPayload, key: AttemptKey) -> None:
    values = {**value.columns("value"), "attempt": key.attempt, "saved_at": database_now()}
    connection.execute(
        conflict_insert(connection.dialect.name, schema.checkpoint)
        .values(step_id=key.step_id, round=key.round, name=name, **values)
        .on_conflict_do_update(index_elements=["step_id", "round", "name"], set_=values)
    )
