"""Where an entry stands in the stream of all journals.

On PostgreSQL that is the id of the transaction that wrote it. Transactions commit in another order than they begin, so
that a reader who goes by "greater than the last" misses the entries of one that commits late. A reader who goes by
transaction id, and stops below the oldest transaction that is still under way (``pg_snapshot_xmin``), misses none:
PostgreSQL, "Transaction ID and Snapshot Information Functions". On SQLite, which has one writer, it is the rowid.

The column's default costs the hot path nothing but its eight bytes, and its index is a BRIN: one entry for some hundred
kilobytes of table, instead of one for each row. Entries from before the column have none, and stand before all others.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, func, literal_column, select, text, update

from airflow_wfstate.store.database import schema

BEFORE_ALL: Final = 0
"""The position of entries that were written before there were positions."""

_journal: Final = schema.journal
_AHEAD: Final = 1_000_000
"""Transactions that may begin between two statements, generously."""

_ROWID: Final[ColumnElement[Any]] = literal_column("wfstate_journal.rowid", BigInteger)


def position_column(connection: Connection) -> ColumnElement[Any]:
    """The position of a row of ``wfstate_journal``; NULL for one from before there were positions."""
    return _journal.c.transaction_id if connection.dialect.name == "postgresql" else _ROWID


def horizon(connection: Connection) -> int:
    """The position below which nothing is written any more: what is there is visible to every later statement."""
    if connection.dialect.name == "postgresql":
        found: int = connection.execute(
            text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        ).scalar_one()
        return found
    last: int | None = connection.execute(select(func.max(_ROWID)).select_from(_journal)).scalar_one()
    return (last or 0) + 1


def forget_foreign_positions(connection: Connection) -> None:
    """Take away the positions that no transaction of this server can have: those of another one, from before a restore.

    ``pg_dump`` carries rows from server to server, and not the counter of transactions. What was written before the
    restore then stands before everything that is written after it, as what is older than positions does.
    """
    if connection.dialect.name != "postgresql":
        return
    next_id = text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    beyond = connection.execute(next_id).scalar_one() + _AHEAD
    its_rows = _journal.c.transaction_id > beyond
    if connection.execute(select(_journal.c.number).where(its_rows).limit(1)).first() is not None:
        connection.execute(update(_journal).where(its_rows).values(transaction_id=None))
