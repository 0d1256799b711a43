"""A production-like Airflow as plain processes of this machine, with every component that can be doubled doubled."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import httpx
import psutil

from demo.client import AirflowClient
from demo.cluster import pgbouncer, proxy, redis
from demo.cluster.layout import API_SERVERS, SCHEDULERS, WORKERS, Layout
from demo.cluster.part import Part
from demo.cluster.ports import wait_until_listening
from demo.cluster.settings import Shared
from demo.cluster.supervisor import Supervisor
from demo.environment import Variables, airflow_command, bare
from demo.postgres import EmbeddedPostgres
from demo.processes import airflow_processes_in, run_to_its_end
from demo.running import AirflowDidNotStart

PARTS = ("redis", "pgbouncer", "proxy", *API_SERVERS, *SCHEDULERS, "dag-processor", "triggerer", *WORKERS)
"""The names of all supervised components. PostgreSQL is not among them; it belongs to the folder."""

_HEALTHY = ("metadatabase", "scheduler", "dag_processor", "triggerer")
_RESTARTS_ALLOWED = 3


class Cluster:
    """A cluster in a folder.

    :param shared: the settings that its components share.
    :param passwords: the passwords of Airflow's users.
    :param roles: the passwords of PostgreSQL's roles, for PgBouncer.
    :param postgres: already running, and not stopped with the cluster.
    :param airflow: the ``airflow`` command that the components run; None for the one of this installation.
    """

    def __init__(
        self,
        layout: Layout,
        shared: Shared,
        passwords: Mapping[str, str],
        roles: Mapping[str, str],
        postgres: EmbeddedPostgres,
        airflow: Path | None = None,
    ) -> None:
        self.home = layout.folder / "servers"
        self.url = shared.base_url
        self.log_file = layout.log_folder
        self.postgres = postgres
        self._airflow = airflow or airflow_command()
        self._layout = layout
        self._shared = shared
        self._passwords = passwords
        self._roles = roles
        self._supervisor = Supervisor(lambda: airflow_processes_in(layout.folder))

    def start(self) -> None:
        """Start what Airflow depends on, create its tables, and start its own components.

        :raises ProgramMissing: Redis, PgBouncer or HAProxy is not installed.
        :raises AirflowDidNotStart: one of them does not listen, or the tables could not be created.
        """
        ports = self._layout.ports
        beneath = (
            ("redis", redis.command(ports.redis), ports.redis),
            (
                "pgbouncer",
                pgbouncer.write(self._folder("pgbouncer"), ports.pgbouncer, self.postgres.socket_folder, self._roles),
                ports.pgbouncer,
            ),
            (
                "proxy",
                proxy.write(self._folder("proxy"), ports.proxy, ports.proxy_control, ports.api_servers),
                ports.proxy,
            ),
        )
        for name, command, port in beneath:
            self._supervisor.start(self._part(name, command, bare(self._folder(name)), self._folder(name)))
            wait_until_listening(f"{name} (log: {self._log(name)})", port)
        migrated = self.run("db", "migrate")
        if migrated.returncode != 0:
            raise AirflowDidNotStart(f"airflow db migrate failed:\n{migrated.stdout[-2000:]}{migrated.stderr[-4000:]}")
        for part in self._airflow_parts():
            self._supervisor.start(part)

    def wait_until_healthy(self, timeout_seconds: float) -> None:
        """Wait until every component reports that it is healthy.

        :raises AirflowDidNotStart: a component keeps ending, or the timeout has passed.
        """
        deadline, before = time.monotonic() + timeout_seconds, self.restarts
        while True:
            unhealthy = self.unhealthy_parts() + self._workers_not_ready()
            if not unhealthy:
                return
            for name, count in (self.restarts - before).items():
                if count > _RESTARTS_ALLOWED:
                    raise AirflowDidNotStart(f"{name} ended {count} times. {self._end_of_log(name)}")
            if time.monotonic() > deadline:
                raise AirflowDidNotStart(
                    f"After {timeout_seconds:.0f} seconds these components were not healthy: {', '.join(unhealthy)}. "
                    f"{self._end_of_log(unhealthy[0])}"
                )
            time.sleep(0.5)

    def unhealthy_parts(self) -> list[str]:
        """The components that do not respond, or that Airflow's own health report calls unhealthy."""
        ports = self._layout.ports.api_servers
        silent = [name for name, port in ports.items() if not _answers(f"http://127.0.0.1:{port}/api/v2/version")]
        try:
            answer = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5, trust_env=False)
            health = answer.json() if answer.is_success else {}
        except (httpx.TransportError, ValueError):
            health = {}
        return silent + [part for part in _HEALTHY if (health.get(part) or {}).get("status") != "healthy"]

    def start_part(self, *words: str) -> None:
        """Start one more component, ``airflow <words>`` in the environment of a server, and keep it running."""
        self._supervisor.start(self._airflow_part("-".join(words[:2]), words, self._layout.server(self._shared)))

    def start_beside(self, command: Sequence[str], variables: Mapping[str, str], log_file: Path) -> None:
        """Start a companion program that is not part of Airflow, keep it running, and end it with the cluster."""
        self._supervisor.start(Part(log_file.stem, tuple(command), variables, self.home, log_file))

    def kill_part(self, name: str) -> None:
        """Kill a component with all its processes (SIGKILL); the supervisor restarts it after a second.

        :param name: one of :data:`PARTS`.
        """
        self._supervisor.kill(name)

    def use(self, airflow: Path) -> None:
        """Use another installation for commands, and for components that are replaced from now on.

        :param airflow: its ``airflow`` command.
        """
        self._airflow = airflow

    def replace_part(self, name: str, patience_seconds: float = 120) -> None:
        """Stop a component of Airflow with SIGTERM, as a deployment does, and start it again.

        :param name: one of :data:`PARTS`, except those that Airflow depends on.
        :param patience_seconds: how long it may take to finish its work.
        """
        part = self._supervisor.part(name)
        command = (str(self._airflow), *part.command[1:])
        variables = _with_commands_of(self._airflow, part.variables)
        self._supervisor.replace(replace(part, command=command, variables=variables), patience_seconds)

    def part_processes(self, name: str) -> list[psutil.Process]:
        """The processes of a component, with their descendants.

        :param name: one of :data:`PARTS`.
        """
        return self._supervisor.processes_of(name)

    def drop_connections(self) -> None:
        """Make the proxy cut every connection to an api-server."""
        for server in API_SERVERS:
            proxy.drop_connections(self._layout.ports.proxy_control, server)

    @property
    def restarts(self) -> Counter[str]:
        """How often each component has been restarted."""
        return self._supervisor.restarts

    def run(self, *words: str, timeout_seconds: float = 240) -> subprocess.CompletedProcess[str]:
        """Run an ``airflow`` command in the environment of a server, and return what it printed."""
        self.home.mkdir(parents=True, exist_ok=True)
        variables = _with_commands_of(self._airflow, self._layout.server(self._shared))
        return run_to_its_end([str(self._airflow), *words], self.home, variables, timeout_seconds)

    def password(self, user: str = "admin") -> str:
        """The password of a user."""
        return self._passwords[user]

    def client(self) -> AirflowClient:
        """The user ``admin``, through the proxy."""
        return AirflowClient(self.url, "admin", self.password())

    def owns_process(self, pid: int) -> bool:
        """Whether a process belongs to this cluster."""
        return any(process.pid == pid for process in self._supervisor.processes())

    def stop(self) -> None:
        """End every process, and wait until all are gone."""
        self._supervisor.stop()

    def __enter__(self) -> Cluster:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _airflow_parts(self) -> list[Part]:
        server = self._layout.server(self._shared)
        found = [
            self._airflow_part(name, ("api-server", "--port", str(port)), server)
            for name, port in self._layout.ports.api_servers.items()
        ]
        found += [self._airflow_part(name, ("scheduler",), server) for name in SCHEDULERS]
        found.append(self._airflow_part("dag-processor", ("dag-processor",), server))
        found.append(self._airflow_part("triggerer", ("triggerer",), self._layout.triggerer(self._shared)))
        for name in WORKERS:
            words = ("celery", "worker", "--celery-hostname", f"{name}@%h")
            variables = self._layout.worker(self._shared, name)
            found.append(self._airflow_part(name, words, variables, self._folder(name)))
        return found

    def _airflow_part(self, name: str, words: Sequence[str], variables: Variables, folder: Path | None = None) -> Part:
        command = (str(self._airflow), *words)
        return self._part(name, command, _with_commands_of(self._airflow, variables), folder or self.home)

    def _part(self, name: str, command: tuple[str, ...], variables: Variables, folder: Path) -> Part:
        return Part(name, command, variables, folder, self._log(name))

    def _workers_not_ready(self) -> list[str]:
        return [name for name in WORKERS if " ready." not in self._supervisor.printed(name)]

    def _end_of_log(self, name: str) -> str:
        log = self._log(name)
        if not log.exists():
            return f"The logs are in {self.log_file}."
        return f"The end of {log}:\n{self._supervisor.part(name).log_end()}"

    def _folder(self, name: str) -> Path:
        return self._layout.folder / name

    def _log(self, name: str) -> Path:
        return self._layout.log_folder / f"{name}.log"


def _with_commands_of(airflow: Path, variables: Mapping[str, str]) -> Variables:
    """Put an installation's commands first on the path, because components start others by name."""
    others = variables.get("PATH", "").split(os.pathsep)
    return {**variables, "PATH": os.pathsep.join([str(airflow.parent), *others])}


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False
