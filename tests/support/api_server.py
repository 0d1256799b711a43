"""An api-server of Airflow with the plugin, as a process of its own."""

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
"""Login and role; the password is the login. The clerk is confined to one DAG (per_dag_auth_manager.py)."""

TASK_AUDIENCE = "urn:airflow.apache.org:task"

_START_SECONDS = 120


@dataclass(frozen=True)
class ApiServer:
    """A running api-server.

    :param database_url: of Airflow's metadata database, an SQLAlchemy URL.
    :param pid: of its process.
    """

    url: str
    database_url: str
    pid: int

    def backend(self, login: str = "admin") -> ApiBackend:
        """The api way to the store, as one of :data:`USERS`. To be closed."""
        return ApiBackend(self.url, UserToken(self.url, login, login), configured_by="the test")

    def token(self, login: str = "admin") -> str:
        """A token of one of :data:`USERS`."""
        answer = httpx.post(f"{self.url}/auth/token", json={"username": login, "password": login}, timeout=30)
        return str(answer.raise_for_status().json()["access_token"])


def task_token(task_instance_id: str, *, audience: str = TASK_AUDIENCE, lasts: float = 600) -> str:
    """A task's token, as Airflow signs it.

    :param lasts: seconds from now; below zero: it has expired.
    """
    now = time.time()
    times = {"iat": now - 120, "nbf": now - 120, "exp": now + lasts}
    claims = {"aud": audience, "scope": "execution", "sub": task_instance_id, **times}
    return jwt.encode(claims, JWT_SECRET, "HS512")


class ApiServerProcess:
    """An api-server that can be killed and started again, at the same address.

    :param database_url: of a migrated database.
    :param home: an empty folder, for Airflow's home and the server's log; made when it is missing.
    :param settings: environment variables beside, or instead of, those of the simple auth manager.
    :param apps: of the api-server: ``core``, or ``all`` with Airflow's execution API.
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
        """Without a slash at the end."""
        return f"http://localhost:{self._port}"

    @property
    def pid(self) -> int:
        """Of its process; 0 when it does not run."""
        return 0 if self._process is None else self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers.

        :raises RuntimeError: it ended, or did not answer in time; the text has its log.
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
        """Kill it with SIGKILL, and start it again."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
        self.start()

    def stop(self) -> None:
        """Stop it; nothing happens when it does not run."""
        if self._process is None:
            return
        # Nobody waits for an answer any more, and an end by SIGTERM takes six seconds.
        self._process.kill()
        self._process.wait()
        self._process = None


@contextmanager
def running_api_server(
    database_url: str, home: Path, settings: Mapping[str, str] | None = None, *, apps: str = "core"
) -> Iterator[ApiServer]:
    """Start an api-server on a migrated database; stop it afterwards. As :class:`ApiServerProcess`."""
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
        time.sleep(0.2)  # a server that starts announces itself in no other way than by answering
    raise RuntimeError(f"The api-server did not start:\n{log_path.read_text()[-4000:]}")


def free_port() -> int:
    """A port of localhost that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        port: int = listener.getsockname()[1]
    return port
