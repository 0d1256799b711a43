"""The id of the writing transaction as a SQL expression, used as a column default."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

CURRENT_TRANSACTION_ID = "(pg_current_xact_id()::text)::bigint"
"""For PostgreSQL, whose xid8 has no other cast and no BRIN. The id never wraps around, and fits into 63 bits."""


class current_transaction_id(FunctionElement):  # type: ignore[type-arg]  # noqa: N801 - as database_now
    """The id of this transaction on PostgreSQL; NULL on SQLite, which has none."""

    type = BigInteger()
    inherit_cache = True


@compiles(current_transaction_id, "postgresql")
def _postgresql(element: current_transaction_id, compiler: SQLCompiler, **options: object) -> str:
    return CURRENT_TRANSACTION_ID


@compiles(current_transaction_id, "sqlite")
def _sqlite(element: current_transaction_id, compiler: SQLCompiler, **options: object) -> str:
    return "NULL"
