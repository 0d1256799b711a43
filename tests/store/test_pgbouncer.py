"""The hot path through PgBouncer in transaction mode, and what a refused call leaves in logs and metrics."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.store.database.stored_function_call import DRIVERS, StoredFunctionCall
from airflow_wfstate.store.database.stored_functions import BEGIN_FIRST_ATTEMPT
from airflow_wfstate.store.database.transaction import run_read
from tests.support.airflow_rows import AirflowRows
from tests.support.pgbouncer import PROGRAM, running_pgbouncer
from tests.support.world import World

needs_pgbouncer = pytest.mark.skipif(
    PROGRAM is None, reason="PgBouncer is not installed (Debian: apt-get install pgbouncer)."
)
SLOWER = "a slower method is used instead"


@pytest.fixture(params=DRIVERS)
def pooled(request: pytest.FixtureRequest, migrated_postgres_url: str) -> Iterator[list[Engine]]:
    """Two clients of PgBouncer that share its server connections and the names of prepared statements there."""
    with running_pgbouncer(migrated_postgres_url, request.param) as url:
        engines = [create_engine(url), create_engine(url)]
        yield engines
        for engine in engines:
            engine.dispose()


@pytest.fixture
def rows(migrated_postgres_url: str) -> Iterator[AirflowRows]:
    engine = create_engine(migrated_postgres_url)
    yield AirflowRows(engine)
    engine.dispose()


@needs_pgbouncer
def test_no_call_leaves_the_hot_path(pooled: list[Engine], rows: AirflowRows, caplog: pytest.LogCaptureFixture) -> None:
    worlds = [World(DatabaseBackend(engine), rows) for engine in pooled]
    run_id = rows.add_run("intake")
    worlds[0].start(run_id)
    with caplog.at_level(logging.DEBUG, logger="airflow_wfstate"):
        for number in range(12):
            for client, world in enumerate(worlds):
                _, begun = world.begin(run_id, f"step-{number}-{client}")
                world.succeed(begun, "receipt")
    said = [record.getMessage() for record in caplog.records]
    assert not [message for message in said if SLOWER in message]
    told = [message for message in said if "loses prepared statements" in message]
    assert bool(told) == (pooled[0].dialect.driver == "psycopg")
    assert len(told) <= len(pooled)  # once for each client


@needs_pgbouncer
def test_reads_survive_too(pooled: list[Engine]) -> None:
    statement = text("SELECT count(*) FROM wfstate_workflow WHERE name = :name")
    for _ in range(12):
        for engine in pooled:
            assert (
                run_read(engine, lambda connection: connection.execute(statement, {"name": "none such"}).scalar_one())
                == 0
            )


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_refused_call_is_logged_once_and_counted(driver: str, caplog: pytest.LogCaptureFixture) -> None:
    call = StoredFunctionCall(create_engine(f"postgresql+{driver}://nobody@127.0.0.1:1/nothing"))
    with caplog.at_level(logging.WARNING, logger="airflow_wfstate"):
        for _ in range(3):
            assert call(BEGIN_FIRST_ATTEMPT, *(None for _ in BEGIN_FIRST_ATTEMPT.types)) is None
    assert [SLOWER in record.getMessage() for record in caplog.records] == [True]
    assert BEGIN_FIRST_ATTEMPT.name in caplog.text
    assert list(call.fallbacks.counts.values()) == [3]
