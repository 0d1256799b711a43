"""A stored payload in a list: the text of a large one stays in the database.

A page holds up to a thousand steps, whose outputs may have a megabyte each; reading and masking one takes 0.15 s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Table, case

from airflow_wfstate.store.payloads.size import size_columns
from airflow_wfstate.store.payloads.stored_payload import IN_FILE, StoredPayload, size_by_head, stored_payload_of

MAX_LISTED_BYTES: Final = 16 * 1024
"""Bytes of a payload's column that a list reads."""


@dataclass(frozen=True)
class ListedPayload:
    """What a list knows about a payload.

    :param size: size of the payload's own text in bytes, like ``sha256``.
    :param stored: None when the list omits it.
    """

    type: str
    size: int
    sha256: str
    is_in_file: bool
    stored: StoredPayload | None


def listed_columns(
    connection: Connection, table: Table, name: str, *, whole: bool = False
) -> Iterator[ColumnElement[Any]]:
    """The columns to select for the payload ``name``, for :func:`listed_payload_of`; one payload per statement.

    :param whole: also select the whole of a large one.
    """
    column: Column[str] = table.c[name]
    head, length = size_columns(connection, column)
    yield from (head, length, table.c[f"{name}_type"], table.c[f"{name}_sha256"])
    yield column if whole else case((length.element <= MAX_LISTED_BYTES, column)).label(name)


def listed_payload_of(row: Any, name: str, *, whole: bool = False) -> ListedPayload | None:
    """The payload of a row read with :func:`listed_columns`; None when there is none.

    :param whole: include payloads in files, which stay unopened.
    """
    if row.head is None:
        return None
    values = row._mapping
    type_name, sha256 = values[f"{name}_type"], values[f"{name}_sha256"]
    is_in_file = row.head.startswith(IN_FILE)
    stored = None if is_in_file and not whole else stored_payload_of(values[name], type_name, sha256)
    return ListedPayload(type_name, size_by_head(row.head, row.length), sha256, is_in_file, stored)
