"""Where the components of a cluster are on this machine: their ports, their folders, and their environments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from demo import environment
from demo.cluster import settings
from demo.cluster.ports import free_ports

METADATA = "airflow"
"""The name of Airflow's database, and of the role that owns it."""

API_SERVERS = ("api-server-1", "api-server-2")
SCHEDULERS = ("scheduler-1", "scheduler-2")
WORKERS = ("worker-1", "worker-2", "worker-3")


@dataclass(frozen=True)
class Ports:
    """The ports of the components; ``proxy`` is the one that people open."""

    proxy: int
    proxy_control: int
    redis: int
    pgbouncer: int
    trigger_log: int
    api_servers: dict[str, int]
    worker_logs: dict[str, int]

    @classmethod
    def free(cls) -> Ports:
        """Ports that are free at the moment."""
        found = iter(free_ports(5 + len(API_SERVERS) + len(WORKERS)))
        return cls(
            proxy=next(found),
            proxy_control=next(found),
            redis=next(found),
            pgbouncer=next(found),
            trigger_log=next(found),
            api_servers={name: next(found) for name in API_SERVERS},
            worker_logs={name: next(found) for name in WORKERS},
        )


@dataclass(frozen=True)
class Layout:
    """Where everything is.

    :param folder: the components' working folders are below it.
    :param log_folder: holds their output.
    :param more: additional variables for every process of Airflow.
    """

    folder: Path
    log_folder: Path
    dags_folder: Path
    ports: Ports
    more: environment.Variables

    def server(self, shared: settings.Shared) -> environment.Variables:
        """The environment of an api-server, a scheduler, the dag-processor, and of single commands."""
        return {
            **self._any("servers"),
            **settings.server(shared),
            "AIRFLOW__API__HOST": "127.0.0.1",
            # An api-server asks every worker on the same port. The workers of this machine share one log folder.
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(self.ports.worker_logs[WORKERS[0]]),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(self.ports.trigger_log),
        }

    def triggerer(self, shared: settings.Shared) -> environment.Variables:
        """The environment of the triggerer."""
        return self.server(shared) | settings.triggerer(shared)

    def worker(self, shared: settings.Shared, name: str) -> environment.Variables:
        """The environment of a worker, which has its own Airflow home without any secret of the servers."""
        return {
            **self._any(name),
            **settings.worker(shared),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(self.ports.worker_logs[name]),
            **self.more,
        }

    def _any(self, home: str) -> environment.Variables:
        return {
            **environment.bare(self.folder / home),
            **settings.quick(),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags_folder),
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.log_folder / "tasks"),
            **self.more,
        }
