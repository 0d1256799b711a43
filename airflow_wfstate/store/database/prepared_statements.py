"""Prepared statements that get lost in a connection pool between us and PostgreSQL.

psycopg prepares a statement on the server once it has sent it five times. PgBouncer in transaction mode gives each
transaction another server connection, where the statement is unknown or its name is taken. (From 1.21 on, PgBouncer can
track them if ``max_prepared_statements`` is set.) psycopg2 prepares nothing.
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
"""PostgreSQL's errors in this case; nothing was carried out."""

_UNPREPARED: Final[WeakSet[Engine]] = WeakSet()
_LOCK: Final = Lock()


def was_lost(error: BaseException | None) -> bool:
    """Whether a driver's error says that a prepared statement was lost."""
    return sqlstate(error) in SQLSTATES


def stop_preparing(engine: Engine) -> None:
    """Stop preparing statements on this engine's connections; the first call for an engine logs it."""
    with _LOCK:
        if engine in _UNPREPARED:
            return
        _UNPREPARED.add(engine)
    event.listen(engine, "checkout", _send_unprepared)
    log.warning(
        "A connection pool between this process and PostgreSQL loses prepared statements (PgBouncer in transaction "
        "mode). This process stops preparing statements, which makes each call slightly slower. To avoid that, set "
        "max_prepared_statements in PgBouncer 1.21 or newer, or use the driver psycopg2."
    )


def _send_unprepared(connection: Any, _record: object, _proxy: object) -> None:
    connection.prepare_threshold = None
