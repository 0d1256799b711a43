"""Inserts with a conflict clause. PostgreSQL and SQLite both have one, each with its own SQLAlchemy class."""

from __future__ import annotations

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite


def conflict_insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert into the table; the result's ``rowcount`` is the number of rows written.

    :param dialect: SQLAlchemy's name of the database kind: ``connection.dialect.name``.
    """
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    # Without this option SQLAlchemy reads the row count of an insert from a closed cursor: psycopg then returns -1,
    # while other drivers remember it.
    return insert.execution_options(preserve_rowcount=True)
