"""PgBouncer in transaction mode in front of a database."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from tests.support.api_server import free_port

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
"""None where it is not installed (Debian's package: pgbouncer)."""

_START_SECONDS = 20


@contextmanager
def running_pgbouncer(url: str, driver: str) -> Iterator[str]:
    """An SQLAlchemy URL by which a database is reached through PgBouncer, with two server connections.

    :param url: of the database, an SQLAlchemy URL.
    :raises RuntimeError: it does not listen; the text has its log.
    """
    target = make_url(url)
    host = target.host or target.query.get("host") or "localhost"
    parts = {"host": host, "port": target.port or 5432, "dbname": target.database, "user": target.username}
    if target.password:
        parts["password"] = target.password
    port = free_port()
    # It refuses to run as root: it runs as the owner of the server's socket, who cannot look into the tests' folders.
    with tempfile.TemporaryDirectory(prefix="wfstate-pgbouncer-") as folder:
        log = Path(folder) / "pgbouncer.log"
        configuration = Path(folder) / "pgbouncer.ini"
        configuration.write_text(
            f"[databases]\nthrough = {' '.join(f'{name}={value}' for name, value in parts.items())}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
            "pool_mode = transaction\ndefault_pool_size = 2\nserver_round_robin = 1\n"
            "ignore_startup_parameters = extra_float_digits\nclient_login_timeout = 10\n"
        )
        Path(folder).chmod(0o755)
        user = ["-u", Path(host).owner() if Path(host).is_dir() else "nobody"] if os.geteuid() == 0 else []
        with log.open("w") as output:
            process = subprocess.Popen(
                [PROGRAM or "pgbouncer", *user, str(configuration)], stdout=output, stderr=output
            )
        try:
            _wait_until_listening(port, process, log)
            yield f"postgresql+{driver}://postgres@127.0.0.1:{port}/through"
        finally:
            process.terminate()
            process.wait(20)


def _wait_until_listening(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)  # a server that starts announces itself in no other way than by answering
    raise RuntimeError(f"PgBouncer does not listen:\n{log.read_text()}")
