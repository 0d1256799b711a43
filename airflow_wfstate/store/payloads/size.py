"""The size of a stored payload, told by the database without sending the payload."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Label, func

from airflow_wfstate.store.payloads.stored_payload import HEAD_LENGTH


def size_columns(connection: Connection, column: Column[str]) -> tuple[Label[str], Label[int]]:
    """What to select instead of a payload, for :func:`~airflow_wfstate.store.payloads.stored_payload.size_by_head`.

    Labelled ``head`` and ``length``. ``octet_length`` does not even read a value that PostgreSQL keeps out of the row;
    older SQLite has none, and a payload is ASCII.
    """
    length = func.octet_length if connection.dialect.name == "postgresql" else func.length
    return func.substr(column, 1, HEAD_LENGTH).label("head"), length(column).label("length")
