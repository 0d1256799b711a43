"""The position of an entry in the stream of all journals.

On PostgreSQL it is the id of the transaction that wrote the entry. Transactions do not commit in the order in which
they begin, so a reader that asks for positions "greater than the last" misses entries of a transaction that commits
late. A reader that goes by transaction id and stops below the oldest running transaction (``pg_snapshot_xmin``) misses
none; see PostgreSQL, "Transaction ID and Snapshot Information Functions". On SQLite, which has one writer, it is the
rowid.

The column's default costs the hot path nothing but its eight bytes, and its index is a BRIN: one entry for a few
hundred kilobytes of table, instead of one per row. Entries written before the column existed have no position, and come
first.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, func, literal_column, select, text, update

from airflow_wfstate.store.database import schema

BEFORE_ALL: Final = 0
"""The position of entries written before there were positions."""

_journal: Final = schema.journal
_AHEAD: Final = 1_000_000
"""A generous bound for the transactions that may begin between two statements."""

_ROWID: Final[ColumnElement[Any]] = literal_column("wfstate_journal.rowid", BigInteger)


def position_column(connection: Connection) -> ColumnElement[Any]:
    """The position of a row of ``wfstate_journal``; NULL for one written before there were positions."""
    return _journal.c.transaction_id if connection.dialect.name == "postgresql" else _ROWID


def horizon(connection: Connection) -> int:
    """The position below which nothing more is written: everything there is visible to every later statement."""
    if connection.dialect.name == "postgresql":
        found: int = connection.execute(
            text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        ).scalar_one()
        return found
    last: int | None = connection.execute(select(func.max(_ROWID)).select_from(_journal)).scalar_one()
    return (last or 0) + 1


def forget_foreign_positions(connection: Connection) -> None:
    """Remove positions that no transaction of this server can have: those of another server, before a restore.

    ``pg_dump`` copies rows from server to server, but not the transaction counter. Entries written before the restore
    then come before everything written after it, like entries without a position.
    """
    if connection.dialect.name != "postgresql":
        return
    next_id = text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    beyond = connection.execute(next_id).scalar_one() + _AHEAD
    its_rows = _journal.c.transaction_id > beyond
    if connection.execute(select(_journal.c.number).where(its_rows).limit(1)).first() is not None:
        connection.execute(update(_journal).where(its_rows).values(transaction_id=None))
