"""The migrations and the metadata create the same tables, on both databases; and Airflow runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from airflow_wfstate.store.database import search_indexes
from airflow_wfstate.store.db_manager import WorkflowStateDBManager
from tests.support.postgres import PostgresServer, sqlalchemy_url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path / 'empty.db'}")
        yield engine
        engine.dispose()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database("empty") as url:
        engine = create_engine(sqlalchemy_url(url))
        yield engine
        engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config(WorkflowStateDBManager.alembic_file)
    config.set_main_option("script_location", WorkflowStateDBManager.migration_dir)
    config.attributes["connection"] = connection
    return config


def _functions(connection: Connection) -> list[str]:
    if connection.dialect.name != "postgresql":
        return []
    rows = connection.execute(
        text("SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname LIKE 'wfstate%' ORDER BY proname, pronargs")
    )
    return list(rows.scalars())


def _checks(connection: Connection) -> dict[tuple[str, str | None], str]:
    found = inspect(connection)
    return {
        (table, check["name"]): check["sqltext"]
        for table in _tables(connection)
        for check in found.get_check_constraints(table)
    }


def _generated(connection: Connection) -> dict[tuple[str, str], str]:
    found = inspect(connection)
    return {
        (table, column["name"]): column["computed"]["sqltext"]
        for table in _tables(connection)
        for column in found.get_columns(table)
        if "computed" in column
    }


def _search_indexes(connection: Connection) -> dict[str, str]:
    if connection.dialect.name != "postgresql":
        return {}
    rows = connection.execute(text("SELECT indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'wfstate%'"))
    return {name: definition for name, definition in rows if name in search_indexes.NAMES}


def _has_trigrams(connection: Connection) -> bool:
    found = "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'"
    return connection.dialect.name == "postgresql" and bool(connection.execute(text(found)).scalar_one())


def _tables(connection: Connection) -> list[str]:
    return [name for name in inspect(connection).get_table_names() if name.startswith("wfstate_")]


# PostgreSQL shows the expression with casts, which Alembic takes for a difference; see the next test but two.
@pytest.mark.filterwarnings("ignore:Computed default on wfstate_workflow.settled_at cannot be modified")
def test_migrations_make_what_the_metadata_says(empty_engine: Engine) -> None:
    with empty_engine.connect() as connection:
        command.upgrade(_config(connection), "head")
        connection.commit()
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "include_name": lambda name, kind, _: (
                    name not in search_indexes.NAMES
                    if kind == "index"
                    else kind != "table" or name != WorkflowStateDBManager.version_table_name
                ),
            },
        )

        assert compare_metadata(context, WorkflowStateDBManager.metadata) == []


def test_stored_functions_are_the_same_both_ways(empty_engine: Engine) -> None:
    with empty_engine.connect() as connection:
        command.upgrade(_config(connection), "head")
        connection.commit()
        migrated = _functions(connection)
        command.downgrade(_config(connection), "base")
        connection.commit()
        assert _functions(connection) == []
        WorkflowStateDBManager.metadata.create_all(connection)
        connection.commit()

        assert _functions(connection) == [create for create in migrated if not _is_for_older_processes(create)]
        assert len(migrated) == (8 if connection.dialect.name == "postgresql" else 0)


def test_functions_for_older_processes_go_with_the_rest(empty_engine: Engine) -> None:
    with empty_engine.connect() as connection:
        command.upgrade(_config(connection), "head")
        connection.commit()
        assert any(map(_is_for_older_processes, _functions(connection))) == (connection.dialect.name == "postgresql")

        WorkflowStateDBManager.metadata.drop_all(connection)

        assert _functions(connection) == []


def _is_for_older_processes(create: str) -> bool:
    """Whether a database keeps this stored function only for a rolling upgrade (revision 0020)."""
    return "(p_workflow_id " in create and "p_mac" not in create


def test_search_indexes_are_the_same_both_ways(empty_engine: Engine) -> None:
    """Trigram indexes exist only where the server has pg_trgm, which the embedded server of these tests does not."""
    with empty_engine.connect() as connection:
        command.upgrade(_config(connection), "head")
        connection.commit()
        migrated = _search_indexes(connection)
        command.downgrade(_config(connection), "base")
        connection.commit()
        WorkflowStateDBManager.metadata.create_all(connection)
        connection.commit()

        assert _search_indexes(connection) == migrated
        expected = (
            {"wfstate_workflow_worked", "wfstate_journal_stream"} if connection.dialect.name == "postgresql" else set()
        )
        assert set(migrated) == (search_indexes.NAMES if _has_trigrams(connection) else expected)


def test_checks_are_the_same_both_ways(empty_engine: Engine) -> None:
    """Alembic's comparison ignores them, and SQLite loses them when a table is recreated."""
    with empty_engine.connect() as connection:
        command.upgrade(_config(connection), "head")
        connection.commit()
        migrated = _checks(connection)
        command.downgrade(_config(connection), "base")
        connection.commit()
        WorkflowStateDBManager.metadata.create_all(connection)
        connection.commit()

        assert ("wfstate_step", "wfstate_step_state_check") in migrated
        assert _checks(connection) == migrated


def test_generated_columns_are_the_same_both_ways(empty_engine: Engine) -> None:
    """Alembic cannot compare them."""
    with empty_engine.connect() as connection:
        command.upgrade(_config(connection), "head")
        connection.commit()
        migrated = _generated(connection)
        command.downgrade(_config(connection), "base")
        connection.commit()
        WorkflowStateDBManager.metadata.create_all(connection)
        connection.commit()

        assert list(migrated) == [("wfstate_workflow", "settled_at")]
        assert _generated(connection) == migrated


def test_each_revision_can_be_taken_back(empty_engine: Engine) -> None:
    with empty_engine.connect() as connection:
        command.upgrade(_config(connection), "0001")
        connection.commit()
        checks, functions = _checks(connection), _functions(connection)
        command.upgrade(_config(connection), "head")
        connection.commit()

        command.downgrade(_config(connection), "0001")
        connection.commit()

        assert (_checks(connection), _functions(connection)) == (checks, functions)


def test_a_downgrade_leaves_nothing_behind(empty_engine: Engine) -> None:
    with empty_engine.connect() as connection:
        command.upgrade(_config(connection), "head")
        connection.commit()
        assert len(_tables(connection)) > 10

        command.downgrade(_config(connection), "base")
        connection.commit()

        assert _tables(connection) == [WorkflowStateDBManager.version_table_name]


@pytest.mark.parametrize("database", ["migrated_sqlite_url", "migrated_postgres_url"])
def test_airflow_db_migrate_makes_our_tables_and_stamps_them(database: str, request: pytest.FixtureRequest) -> None:
    engine = create_engine(request.getfixturevalue(database))
    with engine.connect() as connection:
        names = set(_tables(connection))
        stamp = connection.execute(
            text(f"SELECT version_num FROM {WorkflowStateDBManager.version_table_name}")  # noqa: S608 - our own name
        ).scalar_one()
    engine.dispose()

    assert {table.name for table in WorkflowStateDBManager.metadata.sorted_tables} <= names
    assert stamp == "0020"


def test_every_constraint_has_a_name() -> None:
    for table in WorkflowStateDBManager.metadata.sorted_tables:
        for constraint in table.constraints:
            assert constraint.name, f"{table.name} has a constraint without a name"


def test_no_foreign_key_leads_into_the_tables_of_airflow() -> None:
    for table in WorkflowStateDBManager.metadata.sorted_tables:
        for key in table.foreign_keys:
            assert key.target_fullname.startswith("wfstate_")


def test_times_of_states_are_taken_from_the_journal_and_errors_of_what_goes_on_are_emptied(
    empty_engine: Engine,
) -> None:
    with empty_engine.connect() as connection:
        command.upgrade(_config(connection), "0006")
        _insert_workflow(connection, 1, "compensated", ["started", "failed", "resumed", "failed", "compensating"])
        _insert_workflow(connection, 2, "running", ["started", "failed", "resumed"])
        _insert_workflow(connection, 3, "succeeded", ["started", "overdue", "succeeded"])
        connection.execute(
            text(
                "INSERT INTO wfstate_flag (workflow_id, kind, cause, since, command) "
                "SELECT id, 'held', 'It failed.', started_at, 'x' FROM wfstate_workflow"
            )
        )
        connection.commit()

        command.upgrade(_config(connection), "head")
        connection.commit()

        rows = connection.execute(
            text("SELECT state, forward_ended_at, state_changed_at, error FROM wfstate_workflow ORDER BY key")
        ).all()
        assert connection.execute(text("SELECT count(*) FROM wfstate_flag")).scalar_one() == 0
    minutes = [
        (row.state, *(None if at is None else int(str(at)[14:16]) for at in row[1:3]), row.error) for row in rows
    ]
    assert minutes == [
        ("compensated", 4, 5, "no money"),  # the second failure, not the first
        ("running", None, 3, None),
        ("succeeded", 3, 3, None),
    ]


def test_a_rehearsal_that_took_a_plain_key_gives_it_back(empty_engine: Engine) -> None:
    with empty_engine.connect() as connection:
        command.upgrade(_config(connection), "0006")
        connection.execute(
            text("CREATE TABLE dag_run (dag_id VARCHAR, run_id VARCHAR, triggered_by VARCHAR, created_at TIMESTAMP)")
        )
        for number, triggered_by in ((1, "TEST"), (2, "REST_API")):
            _insert_workflow(connection, number, "succeeded", ["started", "succeeded"])
            row = {"id": f"{number:032}", "run": f"run-{number}", "by": triggered_by, "at": "2026-01-01 10:00:00"}
            connection.execute(text("INSERT INTO dag_run VALUES ('intake', :run, :by, :at)"), row)
            connection.execute(
                text(
                    "INSERT INTO wfstate_run (workflow_id, dag_id, run_id, role, bound, linked_at) "
                    "VALUES (:id, 'intake', :run, 'owner', true, :at)"
                ),
                row,
            )
        connection.commit()

        command.upgrade(_config(connection), "head")
        connection.commit()

        keys = connection.execute(text("SELECT key FROM wfstate_workflow ORDER BY key")).scalars().all()
        rehearsed = connection.execute(text("SELECT run_id FROM wfstate_run WHERE rehearsed_at IS NOT NULL")).scalars()
        assert (keys, rehearsed.all()) == (["1~run-1", "2"], ["run-1"])


def test_what_orders_an_undo_moves_to_its_compensation_and_back(empty_engine: Engine) -> None:
    """Batches of 10,000 rows: one ends between two rounds of a step."""
    id_of = "lpad(n::text, 32, '0')::uuid" if empty_engine.dialect.name == "postgresql" else "printf('%032d', n)"
    numbers = "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 10003) "
    rounds = "FROM number, (SELECT 1 AS r UNION ALL SELECT 2) AS round WHERE n = 10000 OR r = 1"
    differs = (
        "SELECT count(*) FROM wfstate_round r JOIN wfstate_compensation c ON c.step_id = r.step_id "
        "AND c.round = r.number JOIN expected e ON e.step_id = r.step_id AND e.number = r.number "
        "WHERE {table}.last_entry <> e.last_entry"
    )
    with empty_engine.connect() as connection:
        command.upgrade(_config(connection), "0010")
        for statement in (
            f"INSERT INTO wfstate_round (step_id, number, state, last_entry) "
            f"{numbers} SELECT {id_of}, r, 'succeeded', n * 2 + r {rounds}",
            f"INSERT INTO wfstate_compensation (step_id, round, workflow_id, state, handler, compensate_when, "
            f"max_attempts, attempts, dag_id, run_id) {numbers} "
            f"SELECT {id_of}, r, {id_of}, 'armed', 'task:act', 'attempted', 3, 0, 'intake', 'run' {rounds}",
            "CREATE TABLE expected AS SELECT step_id, number, last_entry FROM wfstate_round",
        ):
            connection.execute(text(statement))
        connection.commit()

        command.upgrade(_config(connection), "0011")
        connection.commit()

        assert connection.execute(text("SELECT count(*) FROM expected")).scalar_one() == 10004
        assert connection.execute(text(differs.format(table="c"))).scalar_one() == 0
        command.downgrade(_config(connection), "0010")
        connection.commit()
        assert connection.execute(text(differs.format(table="r"))).scalar_one() == 0


def _insert_workflow(connection: Connection, number: int, state: str, kinds: list[str]) -> None:
    """A workflow of revision 0006 whose journal has an entry of each kind, a minute apart."""
    workflow_id, at = f"{number:032}", "2026-01-01 10:0{}:00.000000"
    values = {"id": workflow_id, "state": state, "key": str(number), "at": at.format(1), "hash": "0" * 64}
    connection.execute(
        text(
            "INSERT INTO wfstate_definition (name, sha256, content, created_at) "
            "SELECT 'order', :hash, '{}', :at WHERE NOT EXISTS (SELECT 1 FROM wfstate_definition)"
        ),
        values,
    )
    connection.execute(
        text(
            "INSERT INTO wfstate_workflow (id, name, key, generation, correlation_id, state, version, journal_count, "
            "definition_sha256, implicit, reopened, on_failure, input, input_type, input_sha256, secret, error, "
            "started_at, updated_at) VALUES (:id, 'order', :key, 1, :key, :state, 1, 1, :hash, false, false, 'hold', "
            "'{}', 'dict', :hash, :hash, 'no money', :at, :at)"
        ),
        values,
    )
    for minute, kind in enumerate(kinds, start=1):
        connection.execute(
            text(
                "INSERT INTO wfstate_journal (workflow_id, number, at, kind, actor, data) "
                "VALUES (:id, :number, :at, :kind, 'sweep', '{}')"
            ),
            {"id": workflow_id, "number": minute, "at": at.format(minute), "kind": f"workflow.{kind}"},
        )
