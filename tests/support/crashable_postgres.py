"""An embedded PostgreSQL that a test can let crash."""

from __future__ import annotations

import os
import signal

import psutil

from demo.postgres import EmbeddedPostgres

_SECONDS = 60


class CrashablePostgres(EmbeddedPostgres):
    """As its base; and it can be stopped without notice."""

    def __enter__(self) -> CrashablePostgres:
        self.start()
        return self

    def crash(self, mode: str = "immediate") -> None:
        """Stop the server, and start it again; its data goes through recovery.

        :param mode: of ``pg_ctl``: ``immediate`` is a crash, ``fast`` cuts the connections and writes everything out.
        """
        server = self._server
        pid = None if server is None else server.get_pid()
        if server is None or pid is None:
            raise RuntimeError("The embedded PostgreSQL has not been started.")
        # As pg_ctl does, but at once (PostgreSQL's manual, "Shutting Down the Server").
        os.kill(pid, {"immediate": signal.SIGQUIT, "fast": signal.SIGINT}[mode])
        if psutil.pid_exists(pid):
            psutil.Process(pid).wait(_SECONDS)
        server.ensure_postgres_running()
