"""The seam: where a caller's process meets its database or its api-server. All faults are injected here.

With the database backend, a crossing is a commit of a connection that subclasses psycopg2's or sqlite3's own. (The hot
path's call of a stored function commits by itself.) With the api backend, it is a request, in httpx's transport.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn, TypeVar

import httpx
import psycopg2  # type: ignore[import-untyped]  # it has no annotations
from psycopg2 import extensions
from sqlalchemy import Engine, create_engine

from tests.crash_grid.cell import Fault, Mishap

Answer = TypeVar("Answer")


class Seam:
    """Counts the crossings of this process, and makes the fault happen at one of them.

    :param mishap: None to record only.
    :param at: the number of the crossing, from 0.
    :param disturb: kills the api-server or restarts PostgreSQL, and returns when it is up again; or runs a sweep.
    """

    def __init__(self, mishap: Mishap | None, at: int, disturb: Callable[[], None]) -> None:
        self._fault = None if mishap is None else mishap.fault
        self._is_swept = mishap is not None and mishap.is_swept
        self._at = at
        self._disturb = disturb
        self._call: str | None = None
        self.calls: list[str] = []
        """The call that each crossing belongs to."""
        self.has_happened = False
        self.has_broken = False
        """Whether the request failed because a server died during it."""

    def enter(self, call: str) -> None:
        """Begin a call of the store, to which the following crossings belong."""
        self._call = call

    @property
    def is_overtaken(self) -> bool:
        """Whether the call that just ended is the one whose answer is late."""
        return self._fault is Fault.OVERTAKEN and self.has_happened

    def cross(self, act: Callable[[], Answer], lose: Callable[[], NoReturn], *, is_request: bool = False) -> Answer:
        """Commit or send, with the fault if this is its crossing.

        :param lose: tells the caller that the connection broke.
        :param is_request: whether the disturbance comes during ``act``; otherwise it comes before.
        """
        if self._call is None:
            return act()
        fault = self._fault if len(self.calls) == self._at and not self.has_happened else None
        self.calls.append(self._call)
        if fault is None:
            return act()
        self.has_happened = True
        if fault is Fault.KILLED_BEFORE:
            _kill_this_process()
        if fault in (Fault.SERVER_KILLED, Fault.POSTGRES_RESTARTED):
            return self._cross_disturbed(act, meanwhile=is_request)
        answer = act()
        if fault is Fault.KILLED_AFTER:
            _kill_this_process()
        if fault is Fault.ANSWER_LOST:
            if self._is_swept:
                self._disturb()
            lose()
        return answer

    def _cross_disturbed(self, act: Callable[[], Answer], *, meanwhile: bool) -> Answer:
        if not meanwhile:
            self._disturb()
            return act()
        disturbing = threading.Thread(target=self._disturb)
        disturbing.start()
        try:
            answer = act()
            self.has_broken = isinstance(answer, httpx.Response) and answer.is_server_error
            return answer
        except httpx.TransportError:
            self.has_broken = True
            raise
        finally:
            disturbing.join()


def _kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def engine_with(seam: Seam, url: str) -> Engine:
    """An engine whose commits cross the seam.

    :param url: URL of SQLite, or of PostgreSQL by psycopg2.
    """
    if url.startswith("sqlite"):
        return create_engine(url, connect_args={"factory": _sqlite_connection(seam)})
    connection, cursor = _postgres_connection(seam)
    return create_engine(url, connect_args={"connection_factory": connection, "cursor_factory": cursor})


def _sqlite_connection(seam: Seam) -> type[sqlite3.Connection]:
    def lose() -> NoReturn:
        raise sqlite3.OperationalError("database is locked")

    class Connection(sqlite3.Connection):
        def commit(self) -> None:
            seam.cross(super().commit, lose)

    return Connection


def _postgres_connection(seam: Seam) -> tuple[type[Any], type[Any]]:
    def lose(connection: Any) -> NoReturn:
        connection.close()
        raise psycopg2.OperationalError("server closed the connection unexpectedly")

    class Connection(extensions.connection):  # type: ignore[misc]  # as above
        def commit(self) -> None:
            seam.cross(super().commit, partial(lose, self))

    class Cursor(extensions.cursor):  # type: ignore[misc]  # as above
        def execute(self, query: Any, arguments: Any = None) -> None:
            execute = partial(super().execute, query, arguments)
            if self.connection.autocommit:  # the hot path: a statement is a transaction
                seam.cross(execute, partial(lose, self.connection))
            else:
                execute()

    return Connection, Cursor


def put_into_httpx(seam: Seam) -> None:
    """Make every request of this process to the routes of the store cross the seam."""
    send = httpx.HTTPTransport.handle_request

    def lose(request: httpx.Request) -> NoReturn:
        raise httpx.ReadError("the connection broke", request=request)

    def handle_request(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        def act() -> httpx.Response:
            response = send(self, request)
            response.read()
            return response

        if not request.url.path.startswith("/wfstate/v1"):
            return act()
        return seam.cross(act, partial(lose, request), is_request=True)

    httpx.HTTPTransport.handle_request = handle_request  # type: ignore[method-assign]  # that is the seam
