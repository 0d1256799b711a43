"""A live Airflow: scheduler, api-server, dag-processor and triggerer, started by ``airflow standalone``."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import httpx
import psutil

from demo.client import AirflowClient
from demo.environment import airflow_command
from demo.processes import end, part_processes, run_to_its_end, session_processes
from demo.running import AirflowDidNotStart

_PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")


class LiveAirflow:
    """``airflow standalone`` in its own session.

    :param home: Airflow's home; created when it is missing.
    :param port: the port that the variables give to the api-server.
    :param variables: the whole environment of its processes, see demo/environment.py.
    """

    def __init__(self, home: Path, port: int, variables: Mapping[str, str]) -> None:
        self.home = home
        self.url = f"http://localhost:{port}"
        self.log_file = home / "standalone.log"
        self._variables = dict(variables)
        self._process: subprocess.Popen[bytes] | None = None
        self._started_apart: list[subprocess.Popen[bytes]] = []
        home.mkdir(parents=True, exist_ok=True)

    @property
    def session_id(self) -> int:
        """The session of all its processes.

        :raises RuntimeError: it has not been started.
        """
        if self._process is None:
            raise RuntimeError("airflow standalone has not been started.")
        return self._process.pid

    def start(self) -> None:
        """Start the processes; :meth:`wait_until_healthy` waits for them."""
        self._process = self._start("standalone")

    def wait_until_healthy(self, timeout_seconds: float) -> None:
        """Wait until every component reports that it is healthy.

        :raises AirflowDidNotStart: it ended, or the timeout has passed.
        """
        deadline = time.monotonic() + timeout_seconds
        unhealthy = ["api-server"]
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise self._failure("airflow standalone ended")
            unhealthy = self.unhealthy_parts()
            if not unhealthy:
                return
            time.sleep(0.5)
        raise self._failure(f"Airflow was not healthy after {timeout_seconds:.0f} seconds: {', '.join(unhealthy)}")

    def unhealthy_parts(self) -> list[str]:
        """The components that do not respond, or that Airflow's own health report calls unhealthy."""
        try:
            answer = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5, trust_env=False)
        except httpx.TransportError:
            return ["api-server"]
        if answer.is_error:
            return [f"api-server (it returns {answer.status_code})"]
        health = answer.json()
        return [part for part in _PARTS if (health.get(part) or {}).get("status") != "healthy"]

    def kill_part(self, name: str) -> None:
        """Kill the processes of one component and their descendants (SIGKILL).

        :param name: ``api-server``, ``scheduler``, ``dag-processor`` or ``triggerer``.
        """
        for process in part_processes(self._all_processes(), name):
            process.kill()
        psutil.wait_procs(part_processes(self._all_processes(), name), timeout=10)

    def start_part(self, *words: str) -> None:
        """Start a component that was killed, or one that ``airflow standalone`` does not have.

        :param words: its command: ``airflow <words>``. :meth:`wait_until_healthy` waits for Airflow's own components.
        """
        self._started_apart.append(self._start(*words))

    def start_beside(self, command: Sequence[str], variables: Mapping[str, str], log_file: Path) -> None:
        """Start a companion program that is not part of Airflow but ends with it.

        :param variables: its whole environment.
        :param log_file: its output is appended here.
        """
        self._started_apart.append(_popen(command, self.home, variables, log_file))

    def run(self, *words: str, timeout_seconds: float = 180) -> subprocess.CompletedProcess[str]:
        """Run an ``airflow`` command against the same home, and return what it printed."""
        return run_to_its_end([str(airflow_command()), *words], self.home, self._variables, timeout_seconds)

    def password(self, user: str = "admin") -> str:
        """The password of a user, which Airflow generated at its first start."""
        passwords = json.loads((self.home / "simple_auth_manager_passwords.json.generated").read_text())
        password: str = passwords[user]
        return password

    def client(self) -> AirflowClient:
        """The user ``admin``."""
        return AirflowClient(self.url, "admin", self.password())

    def owns_process(self, pid: int) -> bool:
        """Whether a process belongs to this Airflow."""
        return any(process.pid == pid for process in self._all_processes())

    def stop(self) -> None:
        """End every process and wait until all are gone; does nothing when none was started."""
        if self._process is not None:
            end(self._all_processes, patience_seconds=10)
            for process in (self._process, *self._started_apart):
                process.wait(timeout=10)
            self._process = None
            self._started_apart = []

    def __enter__(self) -> LiveAirflow:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        return _popen([str(airflow_command()), *words], self.home, self._variables, self.log_file)

    def _all_processes(self) -> list[psutil.Process]:
        sessions = [self.session_id, *(process.pid for process in self._started_apart)]
        return [process for session_id in sessions for process in session_processes(session_id)]

    def _failure(self, reason: str) -> AirflowDidNotStart:
        tail = "\n".join(self.log_file.read_text(errors="replace").splitlines()[-40:])
        return AirflowDidNotStart(f"{reason}. The end of {self.log_file}:\n{tail}")


def _popen(
    command: Sequence[str], folder: Path, variables: Mapping[str, str], log_file: Path
) -> subprocess.Popen[bytes]:
    """Start a program in its own session."""
    with log_file.open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
