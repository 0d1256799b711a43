"""The size of a stored payload, computed by the database without sending the payload."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Label, func

from airflow_wfstate.store.payloads.stored_payload import HEAD_LENGTH


def size_columns(connection: Connection, column: Column[str]) -> tuple[Label[str], Label[int]]:
    """The columns to select in place of a payload, for
    :func:`~airflow_wfstate.store.payloads.stored_payload.size_by_head`.

    Labelled ``head`` and ``length``. ``octet_length`` does not even read a value that PostgreSQL stores out of line.
    Older SQLite does not have it, but a payload is ASCII.
    """
    length = func.octet_length if connection.dialect.name == "postgresql" else func.length
    return func.substr(column, 1, HEAD_LENGTH).label("head"), length(column).label("length")
