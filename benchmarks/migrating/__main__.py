"""``python -m benchmarks.migrating``: how long each migration takes, and how long writers wait for it.

A PostgreSQL server gets a database at revision 0006 with many steps (5,000,000 by default). Then the database is
migrated, revision by revision. Meanwhile four clients begin and end steps through the stored functions, another one
starts workflows, and all of their calls are timed. A separate connection watches the locks of the migrating one.

What counts is the longest wait of a writer. Locks that block writers are SHARE and stronger.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DATABASE: Final = "migrating"
_STEPS: Final = 5_000_000
_WRITERS: Final = 4
_QUIET_SECONDS: Final = 5
_LONG_SECONDS: Final = 0.5
_TRIES: Final = 20


@dataclass(frozen=True)
class Row:
    """The measurements of one revision.

    :param called: what a writer's longest call did; ``called_seconds`` is its duration, whatever the reason.
    :param blocked_seconds: the longest time that the migration blocked a writer.
    :param held: the lock on a busy table that blocked writers and was held longest.
    :param statement: the statement that took longest.
    :param failed: how often the migration was restarted after a deadlock.
    """

    revision: str
    seconds: float
    called: str
    called_seconds: float
    blocked_seconds: float
    held: str
    held_seconds: float
    statement: str
    statement_seconds: float
    failed: int


def main() -> None:
    """Parse the command line and run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.migrating", description=__doc__)
    parser.add_argument("--steps", type=int, default=_STEPS, help="steps in the database")
    parser.add_argument("--since", default="0006", help="measure from this revision on (default: 0006)")
    parser.add_argument("--folder", type=Path, help="where to put the database's files; needs 3 kB per step")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wfstate-migrating-", dir=arguments.folder) as folder:
        for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
            del os.environ[name]
        os.environ["AIRFLOW_HOME"] = f"{folder}/own-home"
        _run(Path(folder), arguments.steps, arguments.since)


def _run(folder: Path, steps: int, since: str) -> None:
    from alembic import command
    from sqlalchemy import create_engine

    from benchmarks.migrating.fill import fill
    from demo.postgres import EmbeddedPostgres
    from tests.support.postgres import migrate

    with EmbeddedPostgres(folder / "postgres") as postgres:
        postgres.create_database(DATABASE)
        (folder / "home").mkdir()
        url = postgres.url(DATABASE, "psycopg2")
        migrate(url, folder / "home")
        engine = create_engine(url)
        with engine.connect() as connection:
            command.downgrade(_config(connection), "0006")
            connection.commit()
        engine.dispose()
        began = time.monotonic()
        fill(postgres.url(DATABASE), steps)
        print(f"Wrote {steps:,} steps in {time.monotonic() - began:.0f} s.", flush=True)
        measure(url, postgres.url(DATABASE), since)


def measure(url: str, libpq_url: str, since: str) -> None:
    """Migrate a filled database, revision by revision, while others write to it, and print the measurements.

    :param url: the database, for SQLAlchemy; ``libpq_url`` names the same database for libpq.
    :param since: measure from this revision on; the database is at this revision or an earlier one.
    """
    from alembic import command
    from alembic.script import ScriptDirectory
    from sqlalchemy import create_engine

    from benchmarks.migrating.watch import LockWatch, longest
    from benchmarks.migrating.writers import Writers
    from tests.support.airflow_rows import AirflowRows

    engine = create_engine(url)
    rows = AirflowRows(engine)
    runs = [_running_task(rows) for _ in range(_WRITERS)]
    with engine.connect() as connection:
        config = _config(connection)
        command.upgrade(config, since)
        connection.commit()
        scripts = ScriptDirectory.from_config(config).walk_revisions()
        revisions = [script.revision for script in reversed(list(scripts)) if script.revision > since]
        raw: Any = connection.connection.driver_connection
        watch = LockWatch(libpq_url, raw.info.backend_pid, _tables(connection))
        connection.commit()
        measured = []
        with Writers(libpq_url, runs) as writers, watch:
            quiet = time.monotonic()
            time.sleep(_QUIET_SECONDS)
            usual = writers.longest(quiet, time.monotonic())
            for revision in revisions:
                with _timed(engine) as statements:
                    began = time.monotonic()
                    failed = _upgrade(connection, config, revision)
                    ended = time.monotonic()
                time.sleep(0.2)  # so that a call that has waited until now is recorded
                call, hold = writers.longest(began, ended), longest(watch.holds, began, ended)
                blocked = longest(watch.blocked, began, ended)
                statement, taken = max(statements, key=lambda each: each[1], default=("", 0.0))
                measured.append(
                    Row(
                        revision,
                        seconds=ended - began,
                        called=call.what,
                        called_seconds=call.seconds,
                        blocked_seconds=0.0 if blocked is None else blocked.seconds,
                        held="" if hold is None else f"{hold.what} ({hold.how.removesuffix('Lock')})",
                        held_seconds=0.0 if hold is None else hold.seconds,
                        statement=statement,
                        statement_seconds=taken,
                        failed=failed,
                    )
                )
                print(measured[-1], flush=True)
            calls = len(writers.calls)
    engine.dispose()
    print(f"\nWithout a migration the longest call took {usual.seconds * 1000:.0f} ms ({usual.what}).")
    print(f"{calls:,} calls; refused: {dict(writers.errors) or 'none'}.\n")
    _print(measured)


def _upgrade(connection: Any, config: Any, revision: str) -> int:
    """Migrate by one revision, retrying after a deadlock, and return how often it failed."""
    from alembic import command
    from sqlalchemy.exc import OperationalError

    for failed in range(_TRIES):
        try:
            command.upgrade(config, revision)
        except OperationalError:
            connection.rollback()
        else:
            connection.commit()
            return failed
    raise RuntimeError(f"Revision {revision} failed {_TRIES} times.")


def _running_task(rows: Any) -> tuple[str, str, str]:
    run_id = rows.add_run("writer")
    return "writer", run_id, rows.add_task("writer", run_id, "work")


def _config(connection: Any) -> Any:
    from alembic.config import Config

    from airflow_wfstate.store.db_manager import WorkflowStateDBManager

    config = Config(WorkflowStateDBManager.alembic_file)
    config.set_main_option("script_location", WorkflowStateDBManager.migration_dir)
    config.attributes["connection"] = connection
    return config


def _tables(connection: Any) -> list[str]:
    from sqlalchemy import inspect

    # Only the sweep writes the tables of flags and leases, and only migrations write the version table.
    quiet = ("wfstate_flag", "wfstate_lease", "wfstate_sweep", "wfstate_alembic_version")
    names = inspect(connection).get_table_names()
    return [name for name in names if name.startswith("wfstate_") and name not in quiet]


@contextmanager
def _timed(engine: Any) -> Iterator[list[tuple[str, float]]]:
    """Record the statements that the engine's connections run in the block, and how long each takes."""
    from sqlalchemy import event

    statements: list[tuple[str, float]] = []
    began = [0.0]

    def before(*_: object) -> None:
        began[0] = time.monotonic()

    def after(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append((" ".join(statement.split())[:70], time.monotonic() - began[0]))

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", after)


def _print(rows: list[Row]) -> None:
    print(
        "| revision | took, s | a writer was blocked, ms | longest call, ms | longest lock that blocks writers, ms | "
        "longest statement, s |\n|---|---:|---:|---|---|---|"
    )
    for row in rows:
        held = f"{row.held_seconds * 1000:.0f}: {row.held}" if row.held else "none seen"
        remark = ", too long" if max(row.blocked_seconds, row.held_seconds) > _LONG_SECONDS else ""
        remark += f", failed {row.failed} times" if row.failed else ""
        print(
            f"| {row.revision} | {row.seconds:.1f} | {row.blocked_seconds * 1000:.0f}{remark} "
            f"| {row.called_seconds * 1000:.0f} ({row.called}) | {held} "
            f"| {row.statement_seconds:.1f}: `{row.statement}` |"
        )


if __name__ == "__main__":
    main()
