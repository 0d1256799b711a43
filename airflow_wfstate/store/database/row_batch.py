"""Write many rows of a table with one statement.

On PostgreSQL the rows are sent as one JSON text, which the server expands (``json_to_recordset``). So the statement's
text is constant, whatever the number of rows. A thousand journal entries took 4 ms of this process's CPU this way, and
34 as SQLAlchemy's parameters (psycopg2, measured). On SQLite the driver binds row by row, in this process.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    Text,
    Update,
    and_,
    bindparam,
    cast,
    column,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from airflow_wfstate.store.database.conflict_insert import conflict_insert

Rows = Sequence[dict[str, Any]]
"""Rows with the same columns."""


def insert_rows(connection: Connection, table: Table, rows: Rows, *, returning: Sequence[str] = ()) -> list[Any]:
    """Insert rows in this order, skipping those that conflict with an existing row.

    :param returning: columns to return for each inserted row.
    """
    return _insert(connection, table, rows, (), returning)


def upsert_rows(connection: Connection, table: Table, rows: Rows, *, keeps: Sequence[str] = ()) -> None:
    """Insert rows, or update existing ones (found by primary key) to the same values.

    :param keeps: columns that keep their value when the new one is NULL.
    """
    _insert(connection, table, rows, tuple(name for name in rows[0] if not table.c[name].primary_key), (), keeps)


def update_rows(connection: Connection, table: Table, rows: Rows) -> None:
    """Update rows, found by primary key."""
    names = tuple(rows[0])
    if connection.dialect.name == "postgresql":
        connection.execute(_update_given(table, names), {"rows": _as_json(rows)})
        return
    given = [{f"given_{name}": value for name, value in row.items()} for row in rows]
    connection.execute(_update_bound(table, names), given if len(given) > 1 else given[0])


def _insert(
    connection: Connection,
    table: Table,
    rows: Rows,
    changed: tuple[str, ...],
    returning: Sequence[str],
    keeps: Sequence[str] = (),
) -> list[Any]:
    dialect = connection.dialect.name
    statement = _insert_statement(dialect, table, tuple(rows[0]), changed, tuple(returning), tuple(keeps))
    result = connection.execute(statement, {"rows": _as_json(rows)} if dialect == "postgresql" else list(rows))
    return list(result.all()) if returning else []


@lru_cache(maxsize=64)
def _insert_statement(
    dialect: str,
    table: Table,
    names: tuple[str, ...],
    changed: tuple[str, ...],
    returning: tuple[str, ...],
    keeps: tuple[str, ...],
) -> Any:
    statement: postgresql.Insert | sqlite.Insert = conflict_insert(dialect, table)
    if dialect == "postgresql":
        given = _given(table, names)
        statement = statement.from_select(list(names), select(*(given.c[name] for name in names)))
    if changed:
        new: dict[str, ColumnElement[Any]] = {name: statement.excluded[name] for name in changed}
        new |= {name: func.coalesce(statement.excluded[name], table.c[name]) for name in keeps}
        statement = statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=new)
    else:
        statement = statement.on_conflict_do_nothing()
    return statement.returning(*(table.c[name] for name in returning)) if returning else statement


@lru_cache(maxsize=64)
def _update_given(table: Table, names: tuple[str, ...]) -> Update:
    given = _given(table, names)
    keys = [name for name in names if table.c[name].primary_key]
    return (
        update(table)
        .where(and_(*(table.c[name] == given.c[name] for name in keys)))
        .values({name: given.c[name] for name in names if name not in keys})
    )


@lru_cache(maxsize=64)
def _update_bound(table: Table, names: tuple[str, ...]) -> Update:
    keys = [name for name in names if table.c[name].primary_key]
    return (
        update(table)
        .where(and_(*(table.c[name] == bindparam(f"given_{name}") for name in keys)))
        .values({name: bindparam(f"given_{name}") for name in names if name not in keys})
    )


def _given(table: Table, names: tuple[str, ...]) -> Any:
    """The rows in the parameter, as a table with these columns."""
    text = cast(bindparam("rows", type_=Text), postgresql.JSON)
    columns = [column(name, table.c[name].type) for name in names]
    return func.json_to_recordset(text).table_valued(*columns).render_derived(name="given", with_types=True)


def _as_json(rows: Rows) -> str:
    return _ENCODER.encode(rows)


@lru_cache(maxsize=1024)  # all rows of a transaction have the time of its lock, some of them three times
def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} in a row")


_ENCODER: Final = json.JSONEncoder(default=_moment, separators=(",", ":"), check_circular=False)
