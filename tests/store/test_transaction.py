"""Transactions are retried when the database asks for it, and errors say what to do."""

from __future__ import annotations

import threading
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DatabaseError

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.exceptions import AttemptsExhausted, DatabaseNotMigrated, DatabaseUnavailable
from airflow_wfstate.store.database.transaction import Contention, Refused, Unchanged, run_transaction
from tests.support.postgres import PostgresServer, sqlalchemy_url


def test_a_database_without_our_tables_says_how_to_make_them(tmp_path: Path, postgres_server: PostgresServer) -> None:
    with postgres_server.database("bare") as url:
        for database in (f"sqlite:///{tmp_path / 'bare.db'}", sqlalchemy_url(url), sqlalchemy_url(url, "psycopg")):
            engine = create_engine(database)
            with pytest.raises(DatabaseNotMigrated, match="airflow db migrate"):
                DatabaseBackend(engine).list_workflows(WorkflowQuery())
            engine.dispose()


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_a_server_that_is_down_is_named(driver: str) -> None:
    engine = create_engine(f"postgresql+{driver}://nobody@127.0.0.1:1/none")

    with pytest.raises(DatabaseUnavailable, match="did not answer"):
        DatabaseBackend(engine).check()
    engine.dispose()


def test_an_answer_that_is_cut_off_is_asked_for_again(tmp_path: Path) -> None:
    """As psycopg2 reports it when PostgreSQL ends while its answer is on its way (found by the crash grid)."""
    engine = create_engine(f"sqlite:///{tmp_path / 'cut.db'}")
    runs = 0

    def ask(cuts: int) -> int:
        def work(connection: Connection) -> int:
            nonlocal runs
            runs += 1
            if runs <= cuts:
                cut = psycopg2.DatabaseError("error with status PGRES_TUPLES_OK and no message from the libpq")
                raise DatabaseError("SELECT 1", {}, cut)
            return runs

        return run_transaction(engine, work)

    assert ask(cuts=1) == 2
    with pytest.raises(DatabaseUnavailable, match="PGRES_TUPLES_OK"):
        ask(cuts=1000)
    engine.dispose()


def test_sqlite_that_is_locked_is_waited_for(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'locked.db'}", connect_args={"timeout": 0.01})
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE counted (number INTEGER)"))
    holder = engine.connect()
    holder.execute(text("INSERT INTO counted VALUES (1)"))
    threading.Timer(0.3, holder.commit).start()

    def insert(connection: Connection) -> int:
        connection.execute(text("INSERT INTO counted VALUES (2)"))
        count: int = connection.execute(text("SELECT count(*) FROM counted")).scalar_one()
        return count

    assert run_transaction(engine, insert) == 2
    holder.close()
    engine.dispose()


def test_a_refusal_is_raised_when_what_it_writes_is_committed(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'refused.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE noted (number INTEGER)"))

    def refuse(connection: Connection) -> Refused:
        connection.execute(text("INSERT INTO noted VALUES (1)"))
        return Refused(AttemptsExhausted("No more."))

    with pytest.raises(AttemptsExhausted, match="No more"):
        run_transaction(engine, refuse)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM noted")).scalar_one() == 1
    engine.dispose()


def test_a_deadlock_is_tried_again(migrated_postgres_url: str) -> None:
    engine = create_engine(migrated_postgres_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE pair (id integer PRIMARY KEY, number integer)"))
        connection.execute(text("INSERT INTO pair VALUES (1, 0), (2, 0)"))
    met = threading.Barrier(2, timeout=10)
    runs = [0, 0]
    add = text("UPDATE pair SET number = number + 1 WHERE id = :id")

    def crosswise(place: int, first: int, second: int) -> None:
        def work(connection: Connection) -> None:
            runs[place] += 1
            connection.execute(add, {"id": first})
            if runs[place] == 1:
                met.wait()
            connection.execute(add, {"id": second})

        run_transaction(engine, work)

    threads = [threading.Thread(target=crosswise, args=(0, 1, 2)), threading.Thread(target=crosswise, args=(1, 2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    with engine.begin() as connection:
        assert list(connection.execute(text("SELECT number FROM pair ORDER BY id")).scalars()) == [2, 2]
        connection.execute(text("DROP TABLE pair"))
    # The one that gave way may meet the other again before that one has finished.
    assert sum(runs) >= 3
    engine.dispose()


def test_what_found_nothing_to_change_is_rolled_back(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'unchanged.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE counted (number INTEGER)"))

    def work(connection: Connection) -> Unchanged[str]:
        connection.execute(text("INSERT INTO counted VALUES (1)"))
        return Unchanged("nothing new")

    assert run_transaction(engine, work) == "nothing new"
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM counted")).scalar_one() == 0
    engine.dispose()


def test_endless_contention_ends(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'contended.db'}")
    calls = []

    def work(connection: Connection) -> None:
        calls.append(1)
        raise Contention("somebody is faster")

    with pytest.raises(DatabaseUnavailable, match="somebody is faster"):
        run_transaction(engine, work)
    assert len(calls) == 10
    engine.dispose()
