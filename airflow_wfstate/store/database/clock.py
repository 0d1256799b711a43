"""The database's clock as a SQL expression: one clock for all writers, whatever their own clocks say."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Final

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_SQLITE_FUNCTION: Final = "wfstate_now"


class database_now(FunctionElement):  # type: ignore[type-arg]  # noqa: N801 - generic in stubs only; named like SQL
    """The current time (not the time at the start of the transaction), aware UTC, in microseconds.

    On SQLite this only works on a connection passed to :func:`give_clock`, as ``store.transaction`` does.
    """

    type = UtcDateTime()
    inherit_cache = True


def give_clock(connection: Connection) -> None:
    """Make :class:`database_now` work on this connection. Does nothing on PostgreSQL, or a second time.

    SQLite's own clock only has milliseconds. It could put an event that came before a clear, whose time Airflow writes
    in microseconds, after it.
    """
    if connection.dialect.name != "sqlite" or _SQLITE_FUNCTION in connection.info:
        return
    # Called once the statement has its lock; a parameter would be as old as the wait for the lock was long.
    sqlite = connection.connection.dbapi_connection
    sqlite.create_function(_SQLITE_FUNCTION, 0, _now)  # type: ignore[union-attr] # SQLAlchemy does not type drivers
    connection.info[_SQLITE_FUNCTION] = True


def _now() -> str:
    """SQLite runs in this process, so its clock is the database's; formatted as SQLAlchemy writes times."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")


@compiles(database_now, "postgresql")
def _postgresql(element: database_now, compiler: SQLCompiler, **options: object) -> str:
    return "clock_timestamp()"


@compiles(database_now, "sqlite")
def _sqlite(element: database_now, compiler: SQLCompiler, **options: object) -> str:
    return f"{_SQLITE_FUNCTION}()"
