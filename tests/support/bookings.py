"""A step that books into its own PostgreSQL database, and that database."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import psycopg
from sqlalchemy import make_url

from airflow_wfstate import TransactionalStepOperator
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.exceptions import ServerUnreachable
from airflow_wfstate.operators.steps.commit_marker import TABLE
from tests.support.world import World

BOOK = "INSERT INTO booking (who, amount) VALUES (%(who)s, %(amount)s) RETURNING who, amount"


class LosesTheEnd:
    """The store, seen by a worker that dies before it can report: the end of the next attempt is lost."""

    def __init__(self, backend: DatabaseBackend) -> None:
        self._backend = backend
        self.ends_lost = 0

    def end_attempt(self, request: Any) -> Any:
        """Lose the report if it is to be lost."""
        if self.ends_lost:
            self.ends_lost -= 1
            raise ServerUnreachable("The worker died.")
        return self._backend.end_attempt(request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


class Bookings:
    """A step that books into a database, task by task, and that database."""

    def __init__(self, world: World, url: str) -> None:
        self.world = world
        self.url = url
        self.run_id = world.rows.add_run("intake")
        self.workflow_id = world.start(self.run_id).workflow.id
        self.task = world.rows.add_task("intake", self.run_id, "book")
        self.calls: list[str] = []

    def execute(self, task: str | None = None, **options: Any) -> Any:
        """Execute the operator as Airflow's task runner does, by default for the newest task instance."""
        operator = TransactionalStepOperator(task_id="book", conn_id="bookings", **options)
        ti = SimpleNamespace(id=uuid.UUID(task or self.task), map_index=-1, xcom_push=lambda key, value: None)
        return operator.execute({"ti": ti})  # type: ignore[typeddict-item]  # of the context, what it reads

    def book(self, cursor: Any, who: str = "ann") -> dict[str, object]:
        """Make a booking, as the function of a step."""
        self.calls.append(who)
        cursor.execute(BOOK, {"who": who, "amount": Decimal("1.10")})
        return {"who": who, "call": len(self.calls)}

    def retry(self) -> str:
        """Begin the task's next try, and return its id."""
        self.task = self.world.rows.next_try(self.task)
        return self.task

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """The result of a query."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement).fetchall()  # type: ignore[call-overload]  # no literal

    def booked(self) -> list[str]:
        """Who was booked, in order."""
        return [who for (who,) in self.rows("SELECT who FROM booking ORDER BY id")]

    def markers(self) -> list[tuple[Any, ...]]:
        """The step, output and ``unfinished`` of each marker."""
        return self.rows(f"SELECT step, output, unfinished FROM {TABLE}")  # noqa: S608


def connection_json(libpq_url: str, **changed: Any) -> str:
    """An Airflow connection of type postgres to a database."""
    url = make_url(libpq_url)
    fields = {
        "conn_type": "postgres",
        "host": url.host or url.query["host"],
        "port": url.port,
        "login": url.username,
        "password": url.password,
        "schema": url.database,
    }
    return json.dumps({**fields, **changed})


def address(libpq_url: str) -> tuple[str, int] | str:
    """Where the server of a database listens: host and port, or the path of its Unix socket."""
    url = make_url(libpq_url)
    host, port = str(url.host or url.query["host"]), url.port or 5432
    return f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)
