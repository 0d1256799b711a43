"""An api-server of Airflow with the plugin, as a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.credentials import UserToken

JWT_SECRET = "s" * 64
USERS = {"admin": "admin", "op": "op", "viewer": "viewer", "clerk": "op"}
"""Login and role; the password is the login. The clerk is confined to one DAG (per_dag_auth_manager.py)."""

_START_SECONDS = 120


@dataclass(frozen=True)
class ApiServer:
    """A running api-server.

    :param database_url: of Airflow's metadata database, an SQLAlchemy URL.
    """

    url: str
    database_url: str

    def backend(self, login: str = "admin") -> ApiBackend:
        """The api way to the store, as one of :data:`USERS`. To be closed."""
        return ApiBackend(self.url, UserToken(self.url, login, login), configured_by="the test")

    def token(self, login: str = "admin") -> str:
        """A token of one of :data:`USERS`."""
        answer = httpx.post(f"{self.url}/auth/token", json={"username": login, "password": login}, timeout=30)
        return str(answer.raise_for_status().json()["access_token"])


@contextmanager
def running_api_server(database_url: str, home: Path) -> Iterator[ApiServer]:
    """Start an api-server on a migrated database; stop it afterwards.

    :param home: an empty folder, for Airflow's home and the server's log.
    """
    port = _free_port()
    passwords = home / "passwords.json"
    shutil.copy(Path(__file__).with_name("per_dag_auth_manager.py"), home)  # found from the server's working directory
    passwords.write_text(json.dumps({login: login for login in USERS}))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")} | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__AUTH_MANAGER": "per_dag_auth_manager.PerDagAuthManager",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{login}:{role}" for login, role in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database_url,
        "AIRFLOW__API_AUTH__JWT_SECRET": JWT_SECRET,
        "AIRFLOW__API__SECRET_KEY": JWT_SECRET,
        "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
    }
    log_path = home / "api-server.log"
    command = [sys.executable, "-m", "airflow", "api-server", "--apps", "core", "--port", str(port), "--workers", "1"]
    with (
        log_path.open("w") as log,
        subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            server = ApiServer(f"http://localhost:{port}", database_url)
            _wait_until_healthy(server.url, process, log_path)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log_path: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/api/v2/version", timeout=5).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)  # a server that starts announces itself in no other way than by answering
    raise RuntimeError(f"The api-server did not start:\n{log_path.read_text()[-4000:]}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        port: int = listener.getsockname()[1]
    return port
