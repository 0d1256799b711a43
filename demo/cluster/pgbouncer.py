"""PgBouncer in front of PostgreSQL: each transaction gets a connection from a small pool."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from demo.programs import find_program

PREPARED_STATEMENTS_SINCE = (1, 21)
"""The first version with the option ``max_prepared_statements``; older ones refuse to start with it."""


def configuration(
    *, listen: str, port: int, database_host: str, users_file: str, prepared_statements: int | None
) -> str:
    """The text of ``pgbouncer.ini``.

    :param database_host: PostgreSQL's host, or the folder of its socket.
    :param prepared_statements: how many are kept per connection; 0 for none; None for a PgBouncer that does not know
        the option.
    """
    prepared = [] if prepared_statements is None else [f"max_prepared_statements = {prepared_statements}"]
    lines = [
        "[databases]",
        f"airflow = host={database_host} dbname=airflow",
        "; psycopg 3, which DAGs use, prepares statements on its own, so the examples' database uses session pooling.",
        f"warehouse = host={database_host} dbname=warehouse pool_mode=session",
        "",
        "[pgbouncer]",
        f"listen_addr = {listen}",
        f"listen_port = {port}",
        "unix_socket_dir =",
        "auth_type = scram-sha-256",
        f"auth_file = {users_file}",
        "pool_mode = transaction",
        "max_client_conn = 300",
        "default_pool_size = 20",
        "; psycopg2 sends this parameter.",
        "ignore_startup_parameters = extra_float_digits",
        "; How soon to retry after a restart of PostgreSQL. The default is 15 seconds.",
        "server_login_retry = 1",
        *prepared,
    ]
    return "\n".join(lines) + "\n"


def users(passwords: Mapping[str, str]) -> str:
    """The text of the users file.

    :param passwords: by the name of the role, which exists in PostgreSQL too.
    """
    return "".join(f'"{name}" "{password}"\n' for name, password in passwords.items())


def write(folder: Path, port: int, socket_folder: Path, passwords: Mapping[str, str]) -> tuple[str, ...]:
    """Write its files, and return the command that runs it.

    The environment variable ``CLUSTER_PREPARED_STATEMENTS`` sets ``max_prepared_statements`` if the version knows that
    option. The default is 200.

    :raises ProgramMissing: it is not installed.
    """
    program = find_program("pgbouncer", "pgbouncer")
    folder.mkdir(parents=True, exist_ok=True)
    users_file, configuration_file = folder / "users.txt", folder / "pgbouncer.ini"
    users_file.touch(mode=0o600)
    users_file.write_text(users(passwords))
    configuration_file.write_text(
        configuration(
            listen="127.0.0.1",
            port=port,
            database_host=str(socket_folder),
            users_file=str(users_file),
            prepared_statements=_prepared_statements(program),
        )
    )
    if os.geteuid() != 0:
        return (str(program), str(configuration_file))
    # It refuses to run as root, and needs access to the folder of PostgreSQL's socket.
    owner = socket_folder.owner()
    os.chown(users_file, socket_folder.stat().st_uid, -1)
    return (str(program), "-u", owner, str(configuration_file))


def _prepared_statements(program: Path) -> int | None:
    said = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"PgBouncer (\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < PREPARED_STATEMENTS_SINCE:
        return None
    return int(os.environ.get("CLUSTER_PREPARED_STATEMENTS", "200"))
