"""One transaction: committed, rolled back when nothing changed, tried again when the database asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from airflow_wfstate.exceptions import DatabaseNotMigrated, DatabaseUnavailable, WorkflowStateError

Answer = TypeVar("Answer")

_ATTEMPTS: Final = 10

_RETRYABLE_SQLSTATES: Final = (
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    "55P03",  # lock_not_available
    "57P01",  # admin_shutdown
    "57P02",  # crash_shutdown
    "57P03",  # cannot_connect_now
    "53300",  # too_many_connections
)
"""PostgreSQL, Appendix A: another try may succeed. All our changes can be sent again."""


class Contention(Exception):
    """Somebody else changed what the transaction has read before it had the lock: run it again."""


@dataclass(frozen=True)
class Unchanged(Generic[Answer]):
    """The answer of a transaction that found nothing to change: it is rolled back."""

    answer: Answer


@dataclass(frozen=True)
class Refused:
    """The answer of a transaction that is committed although it refuses what was asked; ``error`` is raised then."""

    error: WorkflowStateError


def run_transaction(engine: Engine, work: Callable[[Connection], Answer | Unchanged[Answer] | Refused]) -> Answer:
    """Run ``work`` in one transaction and return its answer.

    Tried again, up to 10 times with random back-off up to 2 seconds, on contention, on a deadlock, on SQLite's lock
    and on a lost connection. ``work`` may therefore run more than once. It commits once, unless the answer to the
    commit was lost; the changes recognise that themselves.

    :raises DatabaseNotMigrated: the ``wfstate_*`` tables are missing or old.
    :raises DatabaseUnavailable: the database does not answer, or stays locked, after all tries.
    """
    return _persistently(lambda: _once(engine, work))


def run_read(engine: Engine, read: Callable[[Connection], Answer]) -> Answer:
    """Run ``read`` in one transaction that is rolled back, and return its answer.

    Tried again, and raising, as :func:`run_transaction`.
    """
    return _persistently(lambda: _once_and_back(engine, read))


def _persistently(once: Callable[[], Answer]) -> Answer:
    try:
        try:
            return once()  # nearly always enough, and cheaper than setting up the retries
        except Exception as error:
            if not _is_worth_another_try(error):
                raise
        retrying = Retrying(
            stop=stop_after_attempt(_ATTEMPTS - 1),
            wait=wait_random_exponential(multiplier=0.02, max=2),
            retry=retry_if_exception(_is_worth_another_try),
            reraise=True,
        )
        return retrying(once)
    except Contention as error:
        raise DatabaseUnavailable(f"Others keep changing the same workflow: {error}.", "Try again.") from error
    except (DBAPIError, PoolTimeout) as error:
        known = outage(error)
        if known is None:
            raise
        raise known from error


def outage(error: BaseException) -> WorkflowStateError | None:
    """Our error for one of SQLAlchemy's that says that the database is away or not migrated; None for others.

    Also for those who read Airflow's own tables outside of a transaction of ours.
    """
    if isinstance(error, (OperationalError, InterfaceError, ProgrammingError)) and _finds_no_table(error):
        return not_migrated()
    if not isinstance(error, (OperationalError, InterfaceError, PoolTimeout)):
        return None
    return DatabaseUnavailable(
        f"The database of the workflow state did not answer: {_first_line(error)}.",
        "Check that it runs and that [database] sql_alchemy_conn (or the Airflow connection) leads to it.",
    )


def _once_and_back(engine: Engine, read: Callable[[Connection], Answer]) -> Answer:
    with engine.connect() as connection:
        return read(connection)


def _once(engine: Engine, work: Callable[[Connection], Answer | Unchanged[Answer] | Refused]) -> Answer:
    with engine.connect() as connection:
        transaction = connection.begin()
        try:
            answer = work(connection)
        except BaseException:
            transaction.rollback()
            raise
        if isinstance(answer, Unchanged):
            transaction.rollback()
            return answer.answer
        transaction.commit()
        if isinstance(answer, Refused):
            raise answer.error
        return answer


def _is_worth_another_try(error: BaseException) -> bool:
    if isinstance(error, Contention):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    sqlstate = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    if sqlstate is not None:
        return sqlstate in _RETRYABLE_SQLSTATES
    text = str(error.orig).lower()
    return isinstance(error, OperationalError) and ("locked" in text or "connect" in text)


def is_missing(error: BaseException) -> bool:
    """Whether a driver's error says that a table, a column or a stored function does not exist."""
    sqlstate = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if sqlstate is not None:
        return sqlstate in ("42P01", "42703", "42883")  # undefined table, column, function
    text = str(error).lower()
    return "no such table" in text or "no such column" in text


def not_migrated() -> DatabaseNotMigrated:
    """The error for a database without our tables, or with old ones."""
    return DatabaseNotMigrated(
        "The tables of the workflow state are missing in this database, or older than this package.",
        "Run: airflow db migrate",
    )


def _finds_no_table(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and error.orig is not None and is_missing(error.orig)


def _first_line(error: BaseException) -> str:
    original = getattr(error, "orig", None) or error
    lines = str(original).strip().splitlines()
    return (lines[0] if lines else type(original).__name__).rstrip(".")
