"""PgBouncer in transaction mode in front of a database."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from tests.support.api_server import free_port
from tests.support.listening import wait_until_listening

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
"""None if it is not installed (Debian's package: pgbouncer)."""


@contextmanager
def running_pgbouncer(url: str, driver: str) -> Iterator[str]:
    """Run PgBouncer, and yield an SQLAlchemy URL that reaches a database through it.

    It uses its two connections to the server in turn, so even the transactions of a single client change sessions.

    :param url: SQLAlchemy URL of the database.
    :raises RuntimeError: PgBouncer does not listen; the message contains its log.
    """
    target = make_url(url)
    host = target.host or target.query.get("host") or "localhost"
    parts = {"host": host, "port": target.port or 5432, "dbname": target.database, "user": target.username}
    if target.password:
        parts["password"] = target.password
    port = free_port()
    # It refuses to run as root, so it runs as the owner of the server's socket, who cannot read the tests' folders.
    with tempfile.TemporaryDirectory(prefix="wfstate-pgbouncer-") as folder:
        log = Path(folder) / "pgbouncer.log"
        configuration = Path(folder) / "pgbouncer.ini"
        configuration.write_text(
            f"[databases]\nthrough = {' '.join(f'{name}={value}' for name, value in parts.items())}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
            "pool_mode = transaction\ndefault_pool_size = 2\nmin_pool_size = 2\nserver_round_robin = 1\n"
            "ignore_startup_parameters = extra_float_digits\nclient_login_timeout = 10\n"
        )
        Path(folder).chmod(0o755)
        user = ["-u", Path(host).owner() if Path(host).is_dir() else "nobody"] if os.geteuid() == 0 else []
        with log.open("w") as output:
            process = subprocess.Popen(
                [PROGRAM or "pgbouncer", *user, str(configuration)], stdout=output, stderr=output
            )
        try:
            wait_until_listening("PgBouncer", port, process, log)
            yield f"postgresql+{driver}://postgres@127.0.0.1:{port}/through"
        finally:
            process.terminate()
            process.wait(20)
