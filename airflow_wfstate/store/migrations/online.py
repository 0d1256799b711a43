"""Change tables that are in use, without holding a lock that blocks writers for longer than a moment.

PostgreSQL keeps each lock until its transaction ends, and makes everybody queue behind a lock that is waited for.
Therefore each of these functions commits what was done before it, and then its own change:

- :func:`briefly` makes a change that needs a strong lock for a short time. It leaves the queue after ``lock_timeout``,
  lets the writers pass, and tries again.
- Indexes are built ``CONCURRENTLY``. Constraints are added ``NOT VALID`` and validated afterwards. Others can write
  meanwhile.
- :func:`in_batches` changes rows in batches, each in its own transaction.

An interrupted revision leaves part of its work behind. Each function detects what is already there, so the same
revision can be run again and continues. On SQLite, which has only one writer, the functions make the change directly.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import OperationalError

from airflow_wfstate.exceptions import DatabaseUnavailable
from airflow_wfstate.store.database.outage import sqlstate

_LOCK_TIMEOUT: Final = "200ms"
"""How long a change may wait for its lock, and let the writers behind it wait."""

_TRIES: Final = 45
_LONGEST_PAUSE_SECONDS: Final = 5.0
"""Between two tries. All tries together take some three minutes, then the revision fails."""

_TRY_AGAIN: Final = (
    "55P03",  # lock_not_available: lock_timeout has passed
    "40P01",  # deadlock_detected: a writer holds what we wait for, and waits for what we hold
)

_BATCH: Final = 1_000
"""Rows that one transaction changes. A writer of one of them waits for its end: 200 ms for a thousand workflows with
their indexes, the slowest of all; 5,000 took a second (PostgreSQL, two cores, measured)."""

_LOWEST: Final = "00000000-0000-0000-0000-000000000000"


def is_postgres() -> bool:
    """Whether the database is PostgreSQL: others write to it meanwhile."""
    return op.get_context().dialect.name == "postgresql"


def commit() -> None:
    """Commit what the revision has done, which releases its locks. On SQLite nothing happens."""
    if is_postgres():
        with op.get_context().autocommit_block():
            pass


def briefly(change: Callable[[], object]) -> None:
    """Make a change that needs a strong lock, in a transaction of its own, without holding up those who write.

    :param change: may be called several times; what it did before it failed is rolled back.
    :raises DatabaseUnavailable: the lock could not be had in three minutes.
    """
    if not is_postgres():
        change()
        return
    commit()
    failed = ""
    for number in range(_TRIES):
        if number:
            time.sleep(min(0.1 * 2**number, _LONGEST_PAUSE_SECONDS))  # without a lock
        try:
            with op.get_bind().begin_nested():
                op.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
                change()
        except OperationalError as error:
            if sqlstate(error.orig) not in _TRY_AGAIN:
                raise
            failed = f"{str(error.orig).strip()}, at {error.statement}"
            commit()
        else:
            commit()
            return
    raise DatabaseUnavailable(
        f"A table stayed locked by others for three minutes: {failed}.",
        "End the sessions that hold it for long (pg_stat_activity, state 'idle in transaction'), and run this again: "
        "it continues where it stopped.",
    )


def add_columns(table: str, *columns: sa.Column[Any]) -> None:
    """Add columns without rewriting the table: each may be NULL, or has a constant as its default."""
    missing = [column for column in columns if not has_column(table, column.name)]

    def add() -> None:
        for column in missing:
            op.add_column(table, column)

    briefly(add)


def drop_column(table: str, name: str) -> None:
    """Drop a column, where it is there."""
    if has_column(table, name):
        briefly(lambda: op.drop_column(table, name))


def create_index(
    name: str, table: str, columns: Sequence[str | sa.TextClause], *, where: str | None = None, **options: object
) -> None:
    """Build an index, beside those who write to the table.

    An index that an earlier try left unfinished is dropped, and built again.

    :param where: its condition, when it is partial.
    :param options: further ones, as ``op.create_index`` takes them.
    """
    condition = None if where is None else sa.text(where)
    options |= {"postgresql_where": condition, "sqlite_where": condition}
    if not is_postgres():
        op.create_index(name, table, columns, **options)  # type: ignore[arg-type]  # as its own keywords are declared
        return
    with op.get_context().autocommit_block():
        found = sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
        is_valid = op.get_bind().execute(found, {"name": name}).scalar_one_or_none()
        if is_valid is False:
            op.drop_index(name, table, postgresql_concurrently=True)
        if not is_valid:
            op.create_index(name, table, columns, postgresql_concurrently=True, **options)  # type: ignore[arg-type]  # as above


def replace_index(name: str, table: str, columns: Sequence[str | sa.TextClause], *, where: str | None = None) -> None:
    """Give an index another definition. Until the new one is built, reads are answered from the old one."""
    if not is_postgres():
        op.drop_index(name, table)
        create_index(name, table, columns, where=where)
        return
    create_index(f"{name}_new", table, columns, where=where)

    def swap() -> None:
        op.execute(f"DROP INDEX IF EXISTS {name}")
        op.execute(f"ALTER INDEX {name}_new RENAME TO {name}")

    briefly(swap)


def drop_index(name: str, table: str) -> None:
    """Drop an index, where it is there."""
    if not is_postgres():
        op.drop_index(name, table)
        return
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def replace_unique(name: str, table: str, columns: Sequence[str]) -> None:
    """Give a unique constraint of PostgreSQL other columns. The old one holds until the new one's index is built."""
    found = sa.inspect(op.get_bind()).get_unique_constraints(table)
    if any(constraint["name"] == name and constraint["column_names"] == [*columns] for constraint in found):
        return
    create_index(f"{name}_new", table, columns, unique=True)
    new = f"ADD CONSTRAINT {name} UNIQUE USING INDEX {name}_new"
    briefly(lambda: op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}, {new}"))


def replace_check(name: str, table: str, condition: str) -> None:
    """Give a CHECK of PostgreSQL another condition, which all rows fulfil: they are read without blocking writers."""
    new = f"ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID"
    briefly(lambda: op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}, {new}"))
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
    commit()


def in_batches(table: str, key: str, statement: str, needed: str = "true") -> None:
    """Change many rows, a thousand in each transaction.

    :param key: the column of the table, a UUID, by whose order the batches follow each other.
    :param needed: which rows are to be changed. They are looked for without a lock.
    :param statement: changes the rows whose key is ``IN :keys``. It may be carried out again for rows that it has
        changed. (Of a range of keys PostgreSQL expects as many rows as between two values of its histogram, 50,000 of
        5,000,000, and read whole tables for each batch.)
    """
    kind = sa.Uuid(as_uuid=False)
    column = sa.column(key, kind)
    change = sa.text(statement).bindparams(sa.bindparam("keys", type_=kind, expanding=True))
    after = _LOWEST
    while True:
        following = sa.select(column).distinct().select_from(sa.table(table)).order_by(column)
        following = following.where(column > after, sa.text(needed))
        keys = op.get_bind().execute(following.limit(_BATCH)).scalars().all()
        if not keys:
            return
        briefly(lambda keys=keys: op.get_bind().execute(change, {"keys": keys}))  # type: ignore[misc]  # mypy infers no lambda with a default
        after = keys[-1]


def has_column(table: str, name: str) -> bool:
    """Whether the table has the column, by now."""
    return any(found["name"] == name for found in sa.inspect(op.get_bind()).get_columns(table))
