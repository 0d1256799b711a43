"""The PostgreSQL server of a run, its databases, and the api-servers on two of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.history import fill
from benchmarks.ways import Way
from demo.postgres import EmbeddedPostgres
from tests.support.api_server import running_api_server
from tests.support.postgres import migrate

EMPTY = "empty"
HISTORY = "history"


@dataclass(frozen=True)
class Databases:
    """Databases on one server, all copies of one migrated database.

    :param postgres: the server.
    :param api_urls: the URLs of the api-servers on :data:`EMPTY` and :data:`HISTORY`.
    :param api_servers: closing it stops the api-servers.
    """

    postgres: EmbeddedPostgres
    api_urls: dict[str, str]
    api_servers: ExitStack

    def stop_api_servers(self) -> None:
        """Stop both api-servers, so that they do not interfere with the next measurement."""
        self.api_servers.close()

    def ways(self, database: str, label: str) -> list[Way]:
        """The lines of the table that are measured in a database."""
        return [
            Way(f"database way, psycopg, {label}", "psycopg", self.postgres.url(database, "psycopg")),
            Way(f"database way, psycopg2, {label}", "psycopg2", self.postgres.url(database, "psycopg2")),
            Way(f"api way, {label}", "api", self.api_urls[database]),
            Way(f"floor, {label}", "floor", self.postgres.url(database)),
        ]

    def version(self) -> str:
        """PostgreSQL's version."""
        with psycopg.connect(self.postgres.url()) as connection:
            found = connection.execute("SHOW server_version").fetchone()
        return "" if found is None else str(found[0])


@contextmanager
def databases(folder: Path, rows: int) -> Iterator[Databases]:
    """Start the server with its databases: empty, with a history, for a live Airflow, for DBOS.

    :param folder: an empty folder.
    :param rows: earlier steps in the database with a history.
    """
    with EmbeddedPostgres(folder / "postgres") as postgres, ExitStack() as stack:
        postgres.create_database(EMPTY)
        postgres.create_database("dbos")
        (folder / "home").mkdir()
        migrate(postgres.url(EMPTY, "psycopg2"), folder / "home")
        for copy in (HISTORY, "airflow"):
            with psycopg.connect(postgres.url(), autocommit=True) as connection:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(copy), sql.Identifier(EMPTY))
                )
        fill(postgres.url(HISTORY), rows)
        urls = {}
        for name in (EMPTY, HISTORY):
            home = folder / f"api-{name}"
            home.mkdir()
            urls[name] = stack.enter_context(running_api_server(postgres.url(name, "psycopg2"), home)).url
        yield Databases(postgres, urls, stack)
