"""Re-encrypt stored payloads with the first key of ``[core] fernet_key``.

Each value is replaced only if it is still the one that was read, one page of rows per transaction. An interrupted
rotation can simply be started again; it skips what is already under the first key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Column, Connection, Engine, and_, func, select, tuple_, update

from airflow_wfstate.domain.messages.key_rotation import RotatedColumn
from airflow_wfstate.domain.rules.text.counted import counted
from airflow_wfstate.encryption import has_key, is_sealed, is_under_first_key, seal, token_of
from airflow_wfstate.exceptions import PayloadDamaged, PayloadUnavailable
from airflow_wfstate.store.database import event_tables, outbox_tables, schema, wait_tables
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.transaction import run_transaction
from airflow_wfstate.store.payloads.files import read_file, write_file
from airflow_wfstate.store.payloads.stored_payload import IN_FILE, file_name, resealed, size_of

_PAGE: Final = 100

PAYLOAD_COLUMNS: Final[tuple[Column[Any], ...]] = (
    schema.workflow.c.input,
    schema.workflow.c.output,
    schema.round_.c.output,
    schema.checkpoint.c.value,
    schema.record.c.value,
    schema.request.c.answer,
    wait_tables.wait.c.output,
    event_tables.event.c.body,
    outbox_tables.outgoing_event.c.body,
    outbox_tables.subscription.c.secret,
    outbox_tables.subscription.c.previous_secret,
)
"""Every column that holds payloads."""


_LATELY: Final = timedelta(minutes=2)
_WRITTEN_AT: Final = {
    schema.workflow.c.input: schema.workflow.c.started_at,
    schema.checkpoint.c.value: schema.checkpoint.c.saved_at,
    schema.record.c.value: schema.record.c.saved_at,
    schema.request.c.answer: schema.request.c.created_at,
    event_tables.event.c.body: event_tables.event.c.received_at,
}
"""For columns of payloads, the column with the time at which a value was written."""


def count_payloads(connection: Connection) -> int:
    """How many values a rotation would check now. PostgreSQL reads the tables for this, as the rotation does."""
    numbers = (connection.execute(select(func.count(column))).scalar_one() for column in PAYLOAD_COLUMNS)
    return sum(int(number) for number in numbers)


def rotate_keys(engine: Engine) -> Iterator[RotatedColumn]:
    """Re-encrypt one column after the other with the first key; yields at least one report per column, one per page.

    Plain values are encrypted too if ``[wfstate] encrypt_payloads`` is set.
    """
    for column in PAYLOAD_COLUMNS:
        yield from _rotate_column(engine, column)


def old_keys_in_use(connection: Connection) -> str | None:
    """Return a sentence that shows that a process still encrypts with another key than the first; None if none does.

    Judged by the values written in the last two minutes: a rolling restart may not be over.
    """
    now: datetime = connection.execute(select(database_now())).scalar_one()
    for column, written_at in _WRITTEN_AT.items():
        newest = (
            select(column, written_at)
            .where(column.is_not(None), written_at > now - _LATELY)
            .order_by(written_at.desc())
        )
        for text, at in connection.execute(newest.limit(_PAGE)):
            if not text.startswith(IN_FILE) and is_sealed(text) and not is_under_first_key(token_of(text)):
                age = counted(round((now - at).total_seconds()), "second")
                return (
                    f"A value written {age} ago ({column.table.name}.{column.name}) is not "
                    "under the first key of [core] fernet_key."
                )
    return None


@dataclass(frozen=True)
class _Page:
    """Some rows, in the order of their primary key.

    :param last: the primary key of the last one; None when there are no more.
    """

    examined: int
    renewed: int
    failures: list[str]
    last: tuple[object, ...] | None


def _rotate_column(engine: Engine, column: Column[Any]) -> Iterator[RotatedColumn]:
    after: tuple[object, ...] | None = None
    while True:
        page = run_transaction(engine, partial(_rotate_page, column=column, after=after))
        yield RotatedColumn(f"{column.table.name}.{column.name}", page.examined, page.renewed, page.failures)
        after = page.last
        if after is None:
            return


def _rotate_page(connection: Connection, column: Column[Any], after: tuple[object, ...] | None) -> _Page:
    keys = list(column.table.primary_key.columns)
    statement = select(column, *keys).where(column.is_not(None)).order_by(*keys).limit(_PAGE)
    if after is not None:
        statement = statement.where(tuple_(*keys) > after)
    renewed, failures, last = 0, list[str](), None
    rows = connection.execute(statement).all()
    for text, *last in rows:
        found = dict(zip(keys, last, strict=True))
        try:
            renewed_text = _renewed_secret(text) if column.table is outbox_tables.subscription else _renewed(text)
        except (PayloadDamaged, PayloadUnavailable) as error:
            place = ", ".join(f"{key.name}={value}" for key, value in found.items())
            failures.append(f"{column.table.name}.{column.name} ({place}): {error}")
            continue
        if renewed_text is not None:
            its_row = and_(column == text, *(key == value for key, value in found.items()))
            renewed += connection.execute(update(column.table).where(its_row).values({column: renewed_text})).rowcount
    return _Page(len(rows), renewed, failures, tuple(last) if last and len(rows) == _PAGE else None)


def _renewed_secret(text: str) -> str | None:
    """A secret's column text under the first key; None when it already is, or there is no key.

    Secrets are encrypted whenever there is a key, whatever the setting for payloads.
    """
    return resealed(text) if is_sealed(text) else (seal(text) if has_key() else None)


def _renewed(text: str) -> str | None:
    """A column's text under the first key; None when it already is."""
    if not text.startswith(IN_FILE):
        return resealed(text)
    name = file_name(text)
    inner = resealed(read_file(name))
    if inner is None:
        return None
    place, sha256, _ = name.rsplit("-", 2)
    return f"{IN_FILE}{size_of(text)}:{write_file(place, sha256, inner)}"
