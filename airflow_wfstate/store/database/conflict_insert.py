"""An insert that can say what happens on a conflict: PostgreSQL and SQLite have it, each with a class of its own."""

from __future__ import annotations

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite


def conflict_insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert into the table; the result's ``rowcount`` tells how many rows it wrote.

    :param dialect: SQLAlchemy's name of the database's kind: ``connection.dialect.name``.
    """
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    # Without the option SQLAlchemy reads the number of an insert from a cursor that is closed: psycopg then says -1,
    # other drivers remember it.
    return insert.execution_options(preserve_rowcount=True)
