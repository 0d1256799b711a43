"""Records: saved once in a round and read by its later attempts."""

from __future__ import annotations

from sqlalchemy import Connection, select

from airflow_wfstate.domain.messages.record import ReadRecords, Record, RecordPage, SaveRecord
from airflow_wfstate.domain.messages.step import RecordedWrite
from airflow_wfstate.domain.rules.page_limit import check_limit
from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.exceptions import InvalidRequest, WriteConflict
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.conflict_insert import conflict_insert
from airflow_wfstate.store.database.transaction import Unchanged
from airflow_wfstate.store.payloads.checks import check_payload
from airflow_wfstate.store.payloads.stored_payload import StoredPayload, size_of
from airflow_wfstate.store.steps.attempt_key import AttemptKey, parse
from airflow_wfstate.store.steps.attempt_payload import keep_of_attempt
from airflow_wfstate.store.steps.end_attempt import check_write_number
from airflow_wfstate.store.steps.running_attempt import lock_running_attempt, verify_attempt


def keep_record(request: SaveRecord) -> StoredPayload:
    """Store the value of a record that is about to be saved.

    :raises InvalidRequest: the name is not valid, the number is out of range, or the value cannot be stored.
    """
    check_name("record name", request.name)
    check_write_number(request.write)
    check_payload(f"record {request.name}", request.value)
    return keep_of_attempt(request.value, request.attempt_key)


def save_record(
    connection: Connection, request: SaveRecord, value: StoredPayload
) -> RecordedWrite | Unchanged[RecordedWrite]:
    """Save the record, as described at ``StateBackend.save_record``.

    :param value: the request's value, as stored by :func:`keep_record`.
    """
    key = parse(request.attempt_key)
    answer = RecordedWrite(key.step_id, key.attempt, request.write)
    if not lock_running_attempt(connection, key, request):
        return Unchanged(answer)
    inserted = connection.execute(
        conflict_insert(connection.dialect.name, schema.record)
        .values(
            step_id=key.step_id,
            round=key.round,
            name=request.name,
            **value.columns("value"),
            is_error=request.is_error,
            attempt=key.attempt,
            write=request.write,
            saved_at=database_now(),
        )
        .on_conflict_do_nothing()
    )
    if inserted.rowcount != 1:
        _check_same(connection, key, request)
    return answer


def _check_same(connection: Connection, key: AttemptKey, request: SaveRecord) -> None:
    """Check that the existing record has the same content as the request.

    :raises WriteConflict: it does not; a record never changes.
    """
    record = schema.record
    row = connection.execute(
        select(record.c.value_type, record.c.value_sha256, record.c.is_error).where(
            record.c.step_id == key.step_id, record.c.round == key.round, record.c.name == request.name
        )
    ).one()
    if tuple(row) != (request.value.type, request.value.sha256, request.is_error):
        raise WriteConflict(
            f"The round already has a record {request.name!r} with another result.",
            "Give each call of step.once() its own name.",
        )


def read_records(connection: Connection, request: ReadRecords) -> RecordPage:
    """Read a page of records, as described at ``StateBackend.read_records``."""
    check_limit(request.limit)
    if not 0 <= request.skip < 2**31:
        raise InvalidRequest(f"Cannot skip {request.skip} records.", "Give 0, or next_skip of the previous page.")
    key = parse(request.attempt_key)
    verify_attempt(connection, key)
    record = schema.record
    rows = connection.execute(
        select(record.c.name, record.c.value, record.c.value_type, record.c.value_sha256, record.c.is_error)
        .where(record.c.step_id == key.step_id, record.c.round == key.round)
        .order_by(record.c.attempt, record.c.write)
        .offset(request.skip)
        .limit(request.limit + 1)
    ).all()
    records = [
        Record(
            row.name,
            StoredPayload(row.value_type, row.value, size_of(row.value), row.value_sha256).open(),
            row.is_error,
        )
        for row in rows[: request.limit]
    ]
    return RecordPage(records, request.skip + request.limit if len(rows) > request.limit else None)
