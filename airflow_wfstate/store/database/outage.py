"""The database is away, or not migrated: SQLAlchemy's errors that say so, in our words."""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from airflow_wfstate.exceptions import DatabaseNotMigrated, DatabaseUnavailable, WorkflowStateError

DATABASE_ERRORS: Final = (DBAPIError, PoolTimeout)
"""The classes of error among which :func:`outage` finds those it knows."""


def outage(error: BaseException) -> WorkflowStateError | None:
    """Our error for one of SQLAlchemy's that says that the database is away or not migrated; None for others.

    Also for those who read Airflow's own tables outside of a transaction of ours.
    """
    if isinstance(error, (OperationalError, InterfaceError, ProgrammingError)) and _finds_no_table(error):
        return not_migrated()
    if not isinstance(error, (OperationalError, InterfaceError, PoolTimeout)) and not is_cut_off(error):
        return None
    return DatabaseUnavailable(
        f"The database of the workflow state did not answer: {_first_line(error)}.",
        "Check that it runs and that [database] sql_alchemy_conn (or the Airflow connection) leads to it.",
    )


def is_cut_off(error: BaseException) -> bool:
    """Whether the connection broke while the statement was under way.

    psycopg2 has no class for an answer that ends in the middle: it raises the bare ``DatabaseError``, without an
    SQLSTATE ("error with status PGRES_TUPLES_OK and no message from the libpq"), and SQLAlchemy does not see that the
    connection is lost.
    """
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or (type(error) is DatabaseError and sqlstate(error.orig) is None)


def sqlstate(error: BaseException | None) -> str | None:
    """The SQLSTATE of a driver's error (psycopg and psycopg2 name it differently); None when it has none."""
    found = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    return None if found is None else str(found)


def is_missing(error: BaseException) -> bool:
    """Whether a driver's error says that a table, a column or a stored function does not exist."""
    if (state := sqlstate(error)) is not None:
        return state in ("42P01", "42703", "42883")  # undefined table, column, function
    text = str(error).lower()
    return "no such table" in text or "no such column" in text


def not_migrated() -> DatabaseNotMigrated:
    """The error for a database without our tables, or with old ones."""
    return DatabaseNotMigrated(
        "The tables of the workflow state are missing in this database, or older than this package.",
        "Run: airflow db migrate. On a machine that reaches Airflow by HTTP alone, such as a worker, give the command "
        "--server URL or --conn CONN_ID instead.",
    )


def _finds_no_table(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and error.orig is not None and is_missing(error.orig)


def _first_line(error: BaseException) -> str:
    original = getattr(error, "orig", None) or error
    lines = str(original).strip().splitlines()
    return (lines[0] if lines else type(original).__name__).rstrip(".")
