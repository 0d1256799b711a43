"""The tables' migrations, as run by ``airflow db migrate`` and ``airflow wfstate downgrade``."""

# Airflow's database managers have no annotations.
# mypy: allow-untyped-calls

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path

from airflow.utils.db_manager import BaseDBManager

from airflow_wfstate.exceptions import DatabaseNotMigrated, InvalidRequest

# Importing these modules registers their tables with the metadata, so that create_all creates them. The tables of
# events, waits and the outbox are separate from the schema, because a list of workflows need not load them.
from airflow_wfstate.store.database import (
    event_tables,  # noqa: F401
    outbox_tables,  # noqa: F401
    search_indexes,  # noqa: F401
    stored_functions,  # noqa: F401
    wait_tables,  # noqa: F401
)
from airflow_wfstate.store.database.outage import not_migrated
from airflow_wfstate.store.database.schema import metadata

_STORE = Path(__file__).parent


@dataclass(frozen=True)
class TakenBack:
    """A revision that a downgrade reverts.

    :param revision: its number.
    :param is_about: what it had added.
    :param loses: what reverting it does to stored data.
    """

    revision: str
    is_about: str
    loses: str


class WorkflowStateDBManager(BaseDBManager):
    """Creates, upgrades and downgrades the ``wfstate_*`` tables, with their own version table.

    A new database gets the tables from the metadata and a stamp; an older one is upgraded by the migrations. Both give
    the same tables (tests/store/test_migrations.py).
    """

    metadata = metadata
    version_table_name = "wfstate_alembic_version"
    migration_dir = (_STORE / "migrations").as_posix()
    alembic_file = (_STORE / "alembic.ini").as_posix()
    supports_table_dropping = True
    revision_heads_map = {"0.1.0": "0006"}  # noqa: RUF012 - as the base class declares it
    """The newest revision of each released version of the package, except the current one."""

    def plan_downgrade(self, to_revision: str) -> list[TakenBack]:
        """What a downgrade would revert, the newest revision first. Changes nothing.

        :param to_revision: the number of the revision to go back to, or a version of the package.
        :raises InvalidRequest: there is no such revision, or the tables are not newer.
        :raises DatabaseNotMigrated: the tables are missing, or belong to a newer version than this one.
        """
        target = self.revision_heads_map.get(to_revision, to_revision)
        scripts = {script.revision: script for script in self.get_script_object().walk_revisions()}
        current = self.get_current_revision()
        # Commit Alembic's own reads, so that DDL does not wait for them.
        self.session.commit()
        if current is None:
            raise not_migrated()
        if current not in scripts:
            raise DatabaseNotMigrated(
                f"The tables of the workflow state have revision {current}, which this version does not know.",
                "Downgrade with the version of airflow-provider-wfstate that created it.",
            )
        if target not in scripts:
            raise InvalidRequest(
                f"There is no revision or version {to_revision!r}.",
                f"Give one of {', '.join(sorted(scripts))}, or a version: {', '.join(self.revision_heads_map)}.",
            )
        if target >= current:
            raise InvalidRequest(
                f"The tables of the workflow state have revision {current}; {target} does not come before it.",
                "To upgrade, run: airflow db migrate",
            )
        newest_first = sorted((number for number in scripts if target < number <= current), reverse=True)
        return [
            TakenBack(number, scripts[number].doc, _first_line(scripts[number].module.downgrade))
            for number in newest_first
        ]

    def downgrade(self, to_revision: str, from_revision: str | None = None, show_sql_only: bool = False) -> None:
        """Downgrade the tables. Nothing may use them meanwhile: each revision holds its locks until it ends.

        :param to_revision: see :meth:`plan_downgrade`.
        :param from_revision: ignored; Airflow declares it.
        :param show_sql_only: likewise.
        """
        from airflow.utils.db import DBLocks, create_global_lock
        from alembic import command

        target = self.revision_heads_map.get(to_revision, to_revision)
        with create_global_lock(self.session, lock=DBLocks.MIGRATIONS):
            command.downgrade(self.get_alembic_config(), target)


def _first_line(function: object) -> str:
    return (inspect.getdoc(function) or "").partition("\n")[0]
