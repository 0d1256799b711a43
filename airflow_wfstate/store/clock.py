"""The database's clock, as a SQL expression: one clock for all who write, whatever their own says."""

from __future__ import annotations

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class database_now(FunctionElement):  # type: ignore[type-arg]  # noqa: N801 - generic in stubs only; named like SQL
    """The time now (not at the start of the transaction), aware UTC."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(database_now, "postgresql")
def _postgresql(element: database_now, compiler: SQLCompiler, **options: object) -> str:
    return "clock_timestamp()"


@compiles(database_now, "sqlite")
def _sqlite(element: database_now, compiler: SQLCompiler, **options: object) -> str:
    # SQLAlchemy reads six digits of a second; strftime gives three.
    return "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"
