"""The clock of everything the store writes is as precise as Airflow's, with which it is compared."""

from __future__ import annotations

from datetime import datetime, timezone

from sqlalchemy import Connection, create_engine, select

from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.transaction import run_read


def _now(connection: Connection) -> datetime:
    now: datetime = connection.execute(select(database_now())).scalar_one()
    return now


def test_on_sqlite_a_time_is_between_what_airflow_would_have_written_before_and_after(migrated_sqlite_url: str) -> None:
    engine = create_engine(migrated_sqlite_url)
    try:
        for _ in range(20):
            before = datetime.now(timezone.utc)
            now = run_read(engine, _now)
            assert before <= now <= datetime.now(timezone.utc)
    finally:
        engine.dispose()
