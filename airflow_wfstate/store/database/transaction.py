"""Run a transaction: commit it, roll it back when nothing changed, retry it when the database requires that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Generic, TypeVar

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from airflow_wfstate.exceptions import DatabaseUnavailable, ReadTimedOut, WorkflowStateError
from airflow_wfstate.store.database import prepared_statements
from airflow_wfstate.store.database.clock import give_clock
from airflow_wfstate.store.database.outage import is_cut_off, outage, sqlstate

Answer = TypeVar("Answer")

_ATTEMPTS: Final = 10

_QUERY_CANCELED: Final = "57014"
"""PostgreSQL's statement_timeout, or a pg_cancel_backend."""

_RETRYABLE_SQLSTATES: Final = (
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    "55P03",  # lock_not_available
    "57P01",  # admin_shutdown
    "57P02",  # crash_shutdown
    "57P03",  # cannot_connect_now
    "53300",  # too_many_connections
    *prepared_statements.SQLSTATES,
)
"""PostgreSQL, Appendix A: a retry may succeed. All our changes can be repeated."""


class Contention(Exception):
    """Another transaction changed what this one read before it had the lock: run it again."""


@dataclass(frozen=True)
class Unchanged(Generic[Answer]):
    """The answer of a transaction that found nothing to change; it is rolled back."""

    answer: Answer


@dataclass(frozen=True)
class Refused:
    """The answer of a transaction that is committed although it refuses the request; ``error`` is then raised."""

    error: WorkflowStateError


def run_transaction(engine: Engine, work: Callable[[Connection], Answer | Unchanged[Answer] | Refused]) -> Answer:
    """Run ``work`` in one transaction and return its answer.

    Retries up to 10 times, with random back-off up to 2 seconds, on contention, deadlocks, SQLite's lock and lost
    connections. So ``work`` may run more than once. It commits once, unless the answer to the commit was lost; the
    changes themselves recognise that.

    :raises DatabaseNotMigrated: the ``wfstate_*`` tables are missing or outdated.
    :raises DatabaseUnavailable: the database does not answer, or stays locked, after all retries.
    """
    return _persistently(engine, lambda: _once(engine, work))


def run_read(engine: Engine, read: Callable[[Connection], Answer], timeout: timedelta = timedelta(0)) -> Answer:
    """Run ``read`` in one transaction that is rolled back, and return its answer.

    Retries and raises like :func:`run_transaction`.

    :param timeout: how long PostgreSQL may work on one statement; zero means no limit. SQLite has no such limit.
    :raises ReadTimedOut: a statement took longer.
    """
    return _persistently(engine, lambda: _once_and_back(engine, read, timeout))


def _persistently(engine: Engine, once: Callable[[], Answer]) -> Answer:
    try:
        try:
            return once()  # nearly always enough, and cheaper than setting up retries
        except Exception as error:
            if not _is_worth_another_try(error):
                raise
            if isinstance(error, DBAPIError) and prepared_statements.was_lost(error.orig):
                prepared_statements.stop_preparing(engine)
        retrying = Retrying(
            stop=stop_after_attempt(_ATTEMPTS - 1),
            wait=wait_random_exponential(multiplier=0.02, max=2),
            retry=retry_if_exception(_is_worth_another_try),
            reraise=True,
        )
        return retrying(once)
    except Contention as error:
        raise DatabaseUnavailable(f"Other requests keep changing the same workflow: {error}.", "Try again.") from error
    except (DBAPIError, PoolTimeout) as error:
        known = outage(error)
        if known is None:
            raise
        raise known from error


def _once_and_back(engine: Engine, read: Callable[[Connection], Answer], timeout: timedelta) -> Answer:
    limits = timeout > timedelta(0) and engine.dialect.name == "postgresql"
    with engine.connect() as connection:
        give_clock(connection)
        if limits:
            # For this transaction only: behind PgBouncer another client uses the connection afterwards.
            milliseconds = max(1, int(timeout.total_seconds() * 1000))
            connection.execute(select(func.set_config("statement_timeout", str(milliseconds), True)))
        try:
            return read(connection)
        except DBAPIError as error:
            if limits and sqlstate(error.orig) == _QUERY_CANCELED:
                raise ReadTimedOut(
                    f"The database took longer than {timeout.total_seconds():g} s for this read.",
                    "Ask for less: a smaller limit, narrower filters or a shorter time; or raise [wfstate] "
                    "read_timeout_seconds on the api-server.",
                ) from error
            raise


def _once(engine: Engine, work: Callable[[Connection], Answer | Unchanged[Answer] | Refused]) -> Answer:
    with engine.connect() as connection:
        give_clock(connection)
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
    if is_cut_off(error):
        return True
    if (state := sqlstate(error.orig)) is not None:
        return state in _RETRYABLE_SQLSTATES
    text = str(error.orig).lower()
    return isinstance(error, OperationalError) and ("locked" in text or "connect" in text)
