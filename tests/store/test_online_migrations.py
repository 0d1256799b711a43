"""Migrations of a database in use, and of one with rows: interrupted, taken back, waiting for locks."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from airflow_wfstate.exceptions import DatabaseUnavailable
from airflow_wfstate.store.migrations import online
from tests.support.landed import load, migrations
from tests.support.postgres import PostgresServer, sqlalchemy_url

_WAITS_FOR_ITS_LOCK = """
SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'wfstate_step'::regclass AND mode = 'AccessExclusiveLock'
"""


class _BrokenOff(Exception):
    """The migrating process has died."""


@pytest.fixture
def busy_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A libpq URL of an empty PostgreSQL database."""
    with postgres_server.database("busy") as url:
        yield url


@pytest.fixture
def busy(busy_url: str) -> Iterator[Connection]:
    """A connection to it."""
    engine = create_engine(sqlalchemy_url(busy_url))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def landed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database of each kind with Airflow's tables, and ours at the newest revision with the landed rows."""
    if request.param == "sqlite":
        copy = shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path_factory.mktemp("landed"))
        yield from _filled(f"sqlite:///{copy}")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database("landed", request.getfixturevalue("migrated_postgres")) as url:
        yield from _filled(sqlalchemy_url(url))


def _filled(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    with engine.connect() as connection:
        command.downgrade(migrations(connection), "0006")
        load(connection)
        connection.commit()
        command.upgrade(migrations(connection), "head")
        connection.commit()
    yield engine
    engine.dispose()


def _revisions(since: str) -> list[str]:
    with create_engine("sqlite://").connect() as connection:
        found = ScriptDirectory.from_config(migrations(connection)).walk_revisions()
    return [script.revision for script in reversed(list(found)) if script.revision > since]


def _definitions(connection: Connection) -> list[str]:
    """Everything that PostgreSQL knows about our tables, constraints, indexes and functions."""
    statements = (
        "SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'wfstate%'",
        "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid::regclass::text LIKE 'wfstate%'",
        "SELECT format('%s.%s %s %s %s', table_name, column_name, data_type, column_default, is_nullable) "
        "FROM information_schema.columns WHERE table_name LIKE 'wfstate%'",
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname LIKE 'wfstate%'",
    )
    found = [str(line) for statement in statements for line in connection.execute(text(statement)).scalars()]
    connection.commit()
    return sorted(found)


def _break_after(monkeypatch: pytest.MonkeyPatch, commits: int) -> None:
    """Let the migrating process die after this many commits of a revision."""
    block = MigrationContext.autocommit_block
    left = [commits]

    def counted(self: MigrationContext) -> Any:
        if not left[0]:
            raise _BrokenOff
        left[0] -= 1
        return block(self)

    monkeypatch.setattr(MigrationContext, "autocommit_block", counted)


def test_a_revision_that_was_broken_off_at_any_commit_goes_on(busy: Connection) -> None:
    command.upgrade(migrations(busy), "head")
    whole = _definitions(busy)
    command.downgrade(migrations(busy), "0006")
    breaks = 0
    for revision in _revisions("0006"):
        for commits in range(100):
            with pytest.MonkeyPatch.context() as monkeypatch:
                _break_after(monkeypatch, commits)
                try:
                    command.upgrade(migrations(busy), revision)
                    break
                except _BrokenOff:
                    breaks += 1
                    busy.rollback()
        busy.commit()

    assert breaks > 50
    assert _definitions(busy) == whole


def test_an_index_that_was_left_unfinished_is_built_again(busy: Connection) -> None:
    command.upgrade(migrations(busy), "0013")
    busy.execute(text("UPDATE wfstate_alembic_version SET version_num = '0012'"))
    busy.execute(
        text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'wfstate_workflow_name'::regclass")
    )  # as CREATE INDEX CONCURRENTLY leaves it when it fails

    command.upgrade(migrations(busy), "0013")

    found = text("SELECT indisvalid FROM pg_index WHERE indexrelid = 'wfstate_workflow_name'::regclass")
    assert busy.execute(found).scalar_one()


def test_who_writes_does_not_wait_behind_a_migration_that_waits(busy: Connection, busy_url: str) -> None:
    """A transaction that stays open delays the migration, and nobody else."""
    command.upgrade(migrations(busy), "0014")
    write = "UPDATE wfstate_step SET name = name"
    with (
        psycopg.connect(busy_url) as slow,
        psycopg.connect(busy_url, autocommit=True) as writer,
        psycopg.connect(busy_url, autocommit=True) as looking,
    ):
        slow.execute(write)
        migration = threading.Thread(target=command.upgrade, args=(migrations(busy), "0015"))
        migration.start()
        _until_it_waits(looking)
        writer.execute("SET lock_timeout = '20s'")
        writer.execute(write)  # while the other transaction is still open
        slow.commit()
        migration.join(60)

    assert not migration.is_alive()
    assert "end_sequence" in {column["name"] for column in inspect(busy).get_columns("wfstate_step")}


def _until_it_waits(looking: psycopg.Connection) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if looking.execute(_WAITS_FOR_ITS_LOCK).fetchone() == (1,):
            return
    raise AssertionError("The migration does not wait for its lock.")


def test_a_table_that_stays_locked_is_named_with_what_to_do(
    busy: Connection, busy_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.upgrade(migrations(busy), "0014")
    monkeypatch.setattr(online, "_TRIES", 1)
    with psycopg.connect(busy_url) as slow:
        slow.execute("UPDATE wfstate_step SET name = name")
        with pytest.raises(DatabaseUnavailable, match=r"wfstate_step.*pg_stat_activity.*run this again"):
            command.upgrade(migrations(busy), "0015")
    busy.rollback()

    command.upgrade(migrations(busy), "0015")

    assert busy.execute(text("SELECT version_num FROM wfstate_alembic_version")).scalar_one() == "0015"


_LOST = {
    "wfstate_workflow": {"at_rest"},  # only workflows that are being undone have it: their next turn finds it again
    "wfstate_compensation": {"position"},  # likewise
}
"""What a downgrade drops and no upgrade can restore."""


def _rows(engine: Engine) -> dict[str, list[Any]]:
    """All of our rows, except what is lost."""
    found = {}
    with engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            if table.startswith("wfstate_") and not table.endswith("_version"):
                kept = [column["name"] for column in inspect(connection).get_columns(table)]
                names = ", ".join(f'"{name}"' for name in sorted(kept) if name not in _LOST.get(table, ()))
                rows = connection.execute(text(f"SELECT {names} FROM {table}"))  # noqa: S608 - our own names
                found[table] = sorted(map(str, rows.all()))
    return found


@pytest.mark.parametrize("revision", ["0001", "0004", *_revisions("0005")[:-1]])
def test_rows_outlast_a_downgrade_to_any_revision_and_the_upgrade_after_it(landed: Engine, revision: str) -> None:
    before = _rows(landed)
    assert len(before["wfstate_step"]) > 5
    with landed.connect() as connection:
        command.downgrade(migrations(connection), revision)
        connection.commit()
        command.upgrade(migrations(connection), "head")
        connection.commit()

    assert _rows(landed) == before
