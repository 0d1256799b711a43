"""An insert that can say what happens on a conflict: PostgreSQL and SQLite have it, each with a class of its own."""

from __future__ import annotations

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite


def conflict_insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert into the table.

    :param dialect: SQLAlchemy's name of the database's kind: ``connection.dialect.name``.
    """
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
