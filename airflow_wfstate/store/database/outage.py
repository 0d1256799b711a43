"""Translate SQLAlchemy's errors when the database is unavailable or not migrated into our own."""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from airflow_wfstate.exceptions import DatabaseNotMigrated, DatabaseUnavailable, WorkflowStateError

DATABASE_ERRORS: Final = (DBAPIError, PoolTimeout)
"""The error classes among which :func:`outage` looks."""

UNKNOWN_AIRFLOW: Final = (3, 4)
"""The first version of Airflow whose tables differ from those that the store reads, as in pyproject.toml.

Airflow 3.4 stores earlier tries in ``task_instance`` instead of ``task_instance_history``, and renames ``map_index``.
"""


def outage(error: BaseException) -> WorkflowStateError | None:
    """Our error for an SQLAlchemy error that means that the database is unavailable or not migrated; None for others.

    Also for code that reads Airflow's own tables outside our transactions.
    """
    if isinstance(error, (OperationalError, InterfaceError, ProgrammingError)) and _finds_no_table(error):
        return not_migrated()
    if not isinstance(error, (OperationalError, InterfaceError, PoolTimeout)) and not is_cut_off(error):
        return None
    return DatabaseUnavailable(
        f"The database of the workflow state did not answer: {_first_line(error)}.",
        "Check that it runs and that [database] sql_alchemy_conn (or the Airflow connection) points to it.",
    )


def is_cut_off(error: BaseException) -> bool:
    """Whether the connection broke while the statement was running.

    psycopg2 has no class for an answer that is cut off: it raises the bare ``DatabaseError`` without an SQLSTATE
    ("error with status PGRES_TUPLES_OK and no message from the libpq"), and SQLAlchemy does not recognise that the
    connection is lost.
    """
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or (type(error) is DatabaseError and sqlstate(error.orig) is None)


def sqlstate(error: BaseException | None) -> str | None:
    """The SQLSTATE of a driver's error, which psycopg and psycopg2 name differently; None when it has none."""
    found = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    return None if found is None else str(found)


def is_missing(error: BaseException) -> bool:
    """Whether a driver's error means that a table, a column or a stored function does not exist."""
    if (state := sqlstate(error)) is not None:
        return state in ("42P01", "42703", "42883")  # undefined table, column, function
    text = str(error).lower()
    return "no such table" in text or "no such column" in text


def not_migrated() -> DatabaseNotMigrated:
    """The error for a database in which a table, a column or a stored function is missing.

    If Airflow itself is too new, the missing one may be Airflow's, and a migration would not help.
    """
    from airflow import __version__ as airflow_version

    first, second = airflow_version.split(".")[:2]
    if (int(first), int(second)) >= UNKNOWN_AIRFLOW:
        return DatabaseNotMigrated(
            f"This version of airflow_wfstate does not know the tables of Airflow {airflow_version}; it works with "
            f"versions before {'.'.join(map(str, UNKNOWN_AIRFLOW))}.",
            "Install a version of airflow-provider-wfstate that supports this Airflow. Stored workflows are kept.",
        )
    return DatabaseNotMigrated(
        "The tables of the workflow state are missing in this database, or older than this package.",
        "Run: airflow db migrate. On a machine that only reaches Airflow by HTTP, such as a worker, add "
        "--server URL or --conn CONN_ID to the command instead.",
    )


def _finds_no_table(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and error.orig is not None and is_missing(error.orig)


def _first_line(error: BaseException) -> str:
    original = getattr(error, "orig", None) or error
    lines = str(original).strip().splitlines()
    return (lines[0] if lines else type(original).__name__).rstrip(".")
