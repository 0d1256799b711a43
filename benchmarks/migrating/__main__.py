"""``python -m benchmarks.migrating``: how long each migration takes, and how long those who write wait for it.

A PostgreSQL server gets a database of revision 0006 with many steps (5,000,000 unless told). Then it is migrated,
revision by revision, while four clients begin and end steps by the stored functions, one starts workflows, and all of
their calls are timed. Another connection looks at the locks of the one that migrates.

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

_STEPS: Final = 5_000_000
_WRITERS: Final = 4
_QUIET_SECONDS: Final = 5
_LONG_SECONDS: Final = 0.5
_TRIES: Final = 20


@dataclass(frozen=True)
class Row:
    """What was measured of one revision."""

    revision: str
    seconds: float
    waited: str
    waited_seconds: float
    held: str
    held_seconds: float
    statement: str
    statement_seconds: float
    failed: int
    """How often it was begun again, because it met a deadlock."""


def main() -> None:
    """Parse the command line, and do it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.migrating", description=__doc__)
    parser.add_argument("--steps", type=int, default=_STEPS, help="in the database")
    parser.add_argument("--since", default="0006", help="the revision from which on is measured (0006)")
    parser.add_argument("--folder", type=Path, help="for the database's files, on a disk with 3 kB for each step")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wfstate-migrating-", dir=arguments.folder) as folder:
        for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
            del os.environ[name]
        os.environ["AIRFLOW_HOME"] = f"{folder}/own-home"
        _run(Path(folder), arguments.steps, arguments.since)


def _run(folder: Path, steps: int, since: str) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory
    from sqlalchemy import create_engine

    from benchmarks.migrating.fill import fill
    from benchmarks.migrating.watch import LockWatch
    from benchmarks.migrating.writers import Writers
    from demo.postgres import EmbeddedPostgres
    from tests.support.airflow_rows import AirflowRows
    from tests.support.postgres import migrate

    with EmbeddedPostgres(folder / "postgres") as postgres:
        postgres.create_database("migrating")
        (folder / "home").mkdir()
        url, libpq_url = postgres.url("migrating", "psycopg2"), postgres.url("migrating")
        migrate(url, folder / "home")
        engine = create_engine(url)
        rows = AirflowRows(engine)
        runs = [_running_task(rows) for _ in range(_WRITERS)]
        with engine.connect() as connection:
            config = _config(connection)
            command.downgrade(config, "0006")
            began = time.monotonic()
            fill(libpq_url, steps)
            print(f"{steps:,} steps were written in {time.monotonic() - began:.0f} s.", flush=True)
            command.upgrade(config, since)
            connection.commit()
            raw: Any = connection.connection.driver_connection
            pid = raw.info.backend_pid
            revisions = [
                script.revision
                for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions()))
                if script.revision > since
            ]
            measured = []
            with Writers(libpq_url, runs) as writers, LockWatch(libpq_url, pid, _tables(connection)) as watch:
                connection.commit()
                quiet = time.monotonic()
                time.sleep(_QUIET_SECONDS)
                usual = writers.longest(quiet, time.monotonic())
                for revision in revisions:
                    with _timed(engine) as statements:
                        began = time.monotonic()
                        failed = _upgrade(connection, config, revision)
                        ended = time.monotonic()
                    time.sleep(0.2)  # so that a call that waited until now is noted
                    call, hold = writers.longest(began, ended), watch.longest(began, ended)
                    statement, taken = max(statements, key=lambda each: each[1], default=("", 0.0))
                    measured.append(
                        Row(
                            revision,
                            ended - began,
                            call.what,
                            call.seconds,
                            "" if hold is None else f"{hold.table} ({hold.mode.removesuffix('Lock')})",
                            0.0 if hold is None else hold.seconds,
                            statement,
                            taken,
                            failed,
                        )
                    )
                    print(measured[-1], flush=True)
                calls = len(writers.calls)
        engine.dispose()
    print(f"\nWithout a migration the longest call took {usual.seconds * 1000:.0f} ms ({usual.what}).")
    print(f"{calls:,} calls; refused: {dict(writers.errors) or 'none'}.\n")
    _print(measured)


def _upgrade(connection: Any, config: Any, revision: str) -> int:
    """Migrate by one revision, again after a deadlock; how often it failed."""
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

    # The tables of flags and leases are written by the sweep alone, and the version's by migrations.
    quiet = ("wfstate_flag", "wfstate_lease", "wfstate_sweep", "wfstate_alembic_version")
    names = inspect(connection).get_table_names()
    return [name for name in names if name.startswith("wfstate_") and name not in quiet]


@contextmanager
def _timed(engine: Any) -> Iterator[list[tuple[str, float]]]:
    """The statements that the engine's connections carry out meanwhile, and how long each took."""
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
    print("| revision | took, s | longest call, ms | longest lock that blocks writers, ms | longest statement, s |")
    print("|---|---|---|---|---|")
    for row in rows:
        held = f"{row.held_seconds * 1000:.0f}: {row.held}" if row.held else "none seen"
        too_long = ", too long" if row.waited_seconds > _LONG_SECONDS else ""
        too_long += f", failed {row.failed} times" if row.failed else ""
        print(
            f"| {row.revision} | {row.seconds:.1f} | {row.waited_seconds * 1000:.0f} ({row.waited}){too_long} | {held} "
            f"| {row.statement_seconds:.1f}: `{row.statement}` |"
        )


if __name__ == "__main__":
    main()
