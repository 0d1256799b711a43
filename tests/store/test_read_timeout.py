"""PostgreSQL ends a read that takes too long, and the error says so; nothing else is limited."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.exceptions import InvalidRequest, ReadTimedOut
from airflow_wfstate.store.database.transaction import run_read, run_transaction
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World

_SHORT = timedelta(milliseconds=100)


@pytest.fixture(params=["psycopg2", "psycopg"])
def engine(request: pytest.FixtureRequest, migrated_postgres_url: str) -> Iterator[Engine]:
    url = migrated_postgres_url.replace("postgresql+psycopg2", f"postgresql+{request.param}")
    engine = create_engine(url, pool_size=1, max_overflow=0)
    yield engine
    engine.dispose()


def _limit(connection: Connection) -> str:
    return str(connection.execute(text("SHOW statement_timeout")).scalar_one())


def test_a_read_that_waits_too_long_is_ended_and_names_the_option(engine: Engine) -> None:
    backend = DatabaseBackend(engine, read_timeout=_SHORT)
    other = create_engine(engine.url)
    with other.connect() as locked:
        locked.execute(text("LOCK TABLE wfstate_workflow IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(ReadTimedOut, match=r"longer than 0\.1 s .*\[wfstate\] read_timeout_seconds"):
            backend.list_workflows(WorkflowQuery())
    other.dispose()

    assert backend.list_workflows(WorkflowQuery(name="nobody's")).workflows == []


def test_the_limit_ends_with_the_transaction_of_the_read(engine: Engine) -> None:
    """The pool has one connection; behind PgBouncer the next transaction belongs to another client."""
    assert run_read(engine, _limit, _SHORT) == "100ms"
    assert run_read(engine, _limit) == "0"
    assert run_transaction(engine, _limit) == "0"


def test_without_a_limit_a_read_may_take_its_time(engine: Engine) -> None:
    assert run_read(engine, lambda connection: connection.execute(text("SELECT 1, pg_sleep(0.2)")).one()[0]) == 1


def test_writes_are_not_limited(engine: Engine) -> None:
    world = World(DatabaseBackend(engine, read_timeout=timedelta(milliseconds=1)), AirflowRows(engine))
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    _, begun = world.begin(run_id, "pay")
    world.succeed(begun)


@pytest.mark.parametrize("url", ["migrated_sqlite_url", "migrated_postgres_url"])
def test_a_list_asks_for_at_most_twenty_labels(request: pytest.FixtureRequest, url: str) -> None:
    engine = create_engine(request.getfixturevalue(url))
    backend = DatabaseBackend(engine)

    backend.list_workflows(WorkflowQuery(labels={f"l{number}": "x" for number in range(20)}))
    with pytest.raises(InvalidRequest, match="21 labels"):
        backend.list_workflows(WorkflowQuery(labels={f"l{number}": "x" for number in range(21)}))
    engine.dispose()
