"""An Airflow api-server with the plugin, as a separate process."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import jwt

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.credentials import UserToken

JWT_SECRET = "s" * 64
USERS = {"admin": "admin", "op": "op", "user": "user", "viewer": "viewer", "clerk": "op"}
"""Login and role; the password is the login. The clerk may access only one DAG (per_dag_auth_manager.py)."""

TASK_AUDIENCE = "urn:airflow.apache.org:task"

_START_SECONDS = 120


@dataclass(frozen=True)
class ApiServer:
    """A running api-server.

    :param database_url: SQLAlchemy URL of Airflow's metadata database.
    :param pid: id of its process.
    """

    url: str
    database_url: str
    pid: int

    def backend(self, login: str = "admin") -> ApiBackend:
        """The api backend, as one of :data:`USERS`. The caller closes it."""
        return ApiBackend(self.url, UserToken(self.url, login, login), configured_by="the test")

    def token(self, login: str = "admin") -> str:
        """A token of one of :data:`USERS`."""
        answer = httpx.post(f"{self.url}/auth/token", json={"username": login, "password": login}, timeout=30)
        return str(answer.raise_for_status().json()["access_token"])


def task_token(task_instance_id: str, *, audience: str = TASK_AUDIENCE, lasts: float = 600) -> str:
    """A task's token, as Airflow signs it.

    :param lasts: seconds from now; if negative, the token has expired.
    """
    now = time.time()
    times = {"iat": now - 120, "nbf": now - 120, "exp": now + lasts}
    claims = {"aud": audience, "scope": "execution", "sub": task_instance_id, **times}
    return jwt.encode(claims, JWT_SECRET, "HS512")


class ApiServerProcess:
    """An api-server that can be killed and restarted at the same address.

    :param database_url: URL of a migrated database.
    :param home: an empty folder for Airflow's home and the server's log; created if it is missing.
    :param settings: environment variables in addition to, or instead of, those of the simple auth manager.
    :param apps: apps of the api-server: ``core``, or ``all`` to include Airflow's execution API.
    """

    def __init__(
        self, database_url: str, home: Path, settings: Mapping[str, str] | None = None, *, apps: str = "core"
    ) -> None:
        self._apps = apps
        self._settings = dict(settings or {})
        self._database_url = database_url
        self._home = home
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        home.mkdir(exist_ok=True)
        # Found from the server's working directory.
        shutil.copy(Path(__file__).with_name("per_dag_auth_manager.py"), home)
        (home / "passwords.json").write_text(json.dumps({login: login for login in USERS}))

    @property
    def url(self) -> str:
        """Its URL, without a trailing slash."""
        return f"http://localhost:{self._port}"

    @property
    def pid(self) -> int:
        """The id of its process; 0 if it is not running."""
        return 0 if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the server, and wait until it answers.

        :raises RuntimeError: it exited, or did not answer in time; the message contains its log.
        """
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")} | {
            "AIRFLOW_HOME": str(self._home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__AUTH_MANAGER": "per_dag_auth_manager.PerDagAuthManager",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{login}:{role}" for login, role in USERS.items()),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self._home / "passwords.json"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self._database_url,
            "AIRFLOW__API_AUTH__JWT_SECRET": JWT_SECRET,
            "AIRFLOW__API__SECRET_KEY": JWT_SECRET,
            "AIRFLOW__API__BASE_URL": self.url,
            **self._settings,
        }
        arguments = ["--apps", self._apps, "--port", str(self._port), "--workers", "1"]
        log_path = self._home / "api-server.log"
        with log_path.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "airflow", "api-server", *arguments],
                cwd=self._home,
                env=environment,
                stdout=log,
                stderr=log,
            )
        _wait_until_healthy(self.url, self._process, log_path)

    def crash(self) -> None:
        """Kill it with SIGKILL, and restart it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
        self.start()

    def stop(self) -> None:
        """Stop it; does nothing if it is not running."""
        if self._process is None:
            return
        # SIGKILL, because nobody waits for an answer any more, and a stop by SIGTERM takes six seconds.
        self._process.kill()
        self._process.wait()
        self._process = None


@contextmanager
def running_api_server(
    database_url: str, home: Path, settings: Mapping[str, str] | None = None, *, apps: str = "core"
) -> Iterator[ApiServer]:
    """Start an api-server on a migrated database, and stop it afterwards. See :class:`ApiServerProcess`."""
    process = ApiServerProcess(database_url, home, settings, apps=apps)
    try:
        process.start()
        yield ApiServer(process.url, database_url, process.pid)
    finally:
        process.stop()


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log_path: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/api/v2/version", timeout=5).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)  # the only sign that a server has started is that it answers
    raise RuntimeError(f"The api-server did not start:\n{log_path.read_text()[-4000:]}")


def free_port() -> int:
    """A port of localhost that nobody is listening on."""
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        port: int = listener.getsockname()[1]
    return port
