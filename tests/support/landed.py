"""The rows of ``landed_0006.json``: a database of revision 0006 with open workflows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancehistory import TaskInstanceHistory
from airflow.utils.sqlalchemy import UtcDateTime
from alembic.config import Config
from sqlalchemy import Connection, Table, Uuid, column, insert
from sqlalchemy import table as table_clause
from sqlalchemy.types import NullType, TypeEngine

from airflow_wfstate.store.database import schema
from airflow_wfstate.store.db_manager import WorkflowStateDBManager

LANDED: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "store" / "landed_0006.json").read_text(encoding="utf-8")
)
_AIRFLOW_TABLES: list[Table] = [DagRun.__table__, TaskInstance.__table__, TaskInstanceHistory.__table__]
_AGE = timedelta(hours=1)


def migrations(connection: Connection) -> Config:
    """Alembic's configuration of our migrations, for commands on this connection."""
    config = Config(WorkflowStateDBManager.alembic_file)
    config.set_main_option("script_location", WorkflowStateDBManager.migration_dir)
    config.attributes["connection"] = connection
    return config


def load(connection: Connection) -> None:
    """Insert the rows into a database of revision 0006, as if the newest row had been written an hour ago."""
    ended = max(datetime.fromisoformat(row["updated_at"]) for row in LANDED["wfstate_workflow"])
    shift = datetime.now(timezone.utc) - _AGE - ended
    for table in [*_AIRFLOW_TABLES, *schema.metadata.sorted_tables]:
        for row in LANDED.get(table.name, []):
            # The table as it was then, because it may have had columns that it no longer has.
            kinds = {name: table.c[name].type if name in table.c else NullType() for name in row}
            then = table_clause(table.name, *(column(name, kind) for name, kind in kinds.items()))
            values = {name: _value(kinds[name], value, shift) for name, value in row.items()}
            connection.execute(insert(then).values(values))


def _value(kind: TypeEngine[Any], value: object, shift: timedelta) -> object:
    if isinstance(value, str) and isinstance(kind, UtcDateTime):
        return datetime.fromisoformat(value) + shift
    if isinstance(value, str) and isinstance(kind, Uuid) and kind.as_uuid:
        return UUID(value)
    return value
