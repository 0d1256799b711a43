"""Prepared statements that a connection pool between us and PostgreSQL loses.

psycopg prepares a statement on the server when it has sent it five times. PgBouncer in transaction mode gives each
transaction another server connection, where the statement is unknown or its name is taken (PgBouncer from 1.21 on can
follow them, when ``max_prepared_statements`` is set). psycopg2 prepares nothing.
"""

from __future__ import annotations

import logging
from threading import Lock
from typing import Any, Final
from weakref import WeakSet

from sqlalchemy import Engine, event

from airflow_wfstate.store.database.outage import sqlstate

log = logging.getLogger(__name__)

SQLSTATES: Final = (
    "26000",  # invalid_sql_statement_name: prepared on another server connection
    "42P05",  # duplicate_prepared_statement: another client prepared one of that name
)
"""What PostgreSQL says then; nothing was carried out."""

_UNPREPARED: Final[WeakSet[Engine]] = WeakSet()
_LOCK: Final = Lock()


def was_lost(error: BaseException | None) -> bool:
    """Whether a driver's error says that a prepared statement was lost."""
    return sqlstate(error) in SQLSTATES


def stop_preparing(engine: Engine) -> None:
    """Prepare nothing on this engine's connections from now on; the first call for an engine says so in the log."""
    with _LOCK:
        if engine in _UNPREPARED:
            return
        _UNPREPARED.add(engine)
    event.listen(engine, "checkout", _send_unprepared)
    log.warning(
        "A connection pool between this process and PostgreSQL loses prepared statements (PgBouncer in transaction "
        "mode). None are made any more, so that each call takes a little longer. To avoid that, set "
        "max_prepared_statements of PgBouncer 1.21 or newer, or use the driver psycopg2."
    )


def _send_unprepared(connection: Any, _record: object, _proxy: object) -> None:
    connection.prepare_threshold = None
