"""What ``airflow db migrate`` runs for our tables."""

from __future__ import annotations

from pathlib import Path

from airflow.utils.db_manager import BaseDBManager

# All of them join the metadata, whose create_all makes theirs, too. The tables of events, waits and the outbox stand
# apart from the schema: a list of workflows need not load them.
from airflow_wfstate.store.database import (
    event_tables,  # noqa: F401
    outbox_tables,  # noqa: F401
    search_indexes,  # noqa: F401
    stored_functions,  # noqa: F401
    wait_tables,  # noqa: F401
)
from airflow_wfstate.store.database.schema import metadata

_STORE = Path(__file__).parent


class WorkflowStateDBManager(BaseDBManager):
    """Creates and upgrades the ``wfstate_*`` tables, with a version table of their own.

    A fresh database gets the tables from the metadata and a stamp; an older one is upgraded by the migrations. Both
    give the same tables (tests/store/test_migrations.py).
    """

    metadata = metadata
    version_table_name = "wfstate_alembic_version"
    migration_dir = (_STORE / "migrations").as_posix()
    alembic_file = (_STORE / "alembic.ini").as_posix()
    supports_table_dropping = True
