"""The folder ``.cluster``: the ports, secrets and files of a cluster, its PostgreSQL, and ``.cluster/airflow``."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from demo import environment
from demo.cluster import settings
from demo.cluster.cluster import Cluster
from demo.cluster.layout import METADATA, Layout, Ports
from demo.folder import CHECKOUT, AirflowFolder
from demo.home import PAYMENTS, STOCK, WAREHOUSE

_USERS = {"admin": "admin", settings.SERVICE_USER: "user", STOCK: "viewer", PAYMENTS: "viewer"}
"""The users of the simple auth manager, each with the least privileged role that is enough."""


class ClusterHome(AirflowFolder):
    """The folder of one cluster.

    :param dags_folder: the DAG files that servers and workers read.
    :param more: additional variables for every process of Airflow, and for the tasks on its workers.
    :param airflow: the ``airflow`` command that the components run; None for the one of this installation.
    """

    def __init__(
        self,
        folder: Path = CHECKOUT / ".cluster",
        dags_folder: Path = CHECKOUT / "dags",
        more: environment.Variables | None = None,
        airflow: Path | None = None,
    ) -> None:
        super().__init__(folder, "demo.cluster.command")
        self._dags_folder = dags_folder
        self._more = more or {}
        self._airflow = airflow

    def start_postgres(self) -> None:
        """Start PostgreSQL, or join it; create a role with a database for Airflow, and one for the examples."""
        self.postgres.start()
        for name in (METADATA, WAREHOUSE):
            self.postgres.create_database(name)
            self.postgres.give_database(name, name)

    def airflow(self) -> Cluster:
        """The cluster, not started yet; PostgreSQL must be running."""
        found = self._settings()
        passwords_file = self.airflow_folder / "passwords.json"
        passwords_file.parent.mkdir(exist_ok=True)
        passwords_file.touch(mode=0o600)
        passwords_file.write_text(json.dumps(found["passwords"]))
        layout, shared = self._layout(found), self._shared(found)
        return Cluster(layout, shared, found["passwords"], found["roles"], self.postgres, self._airflow)

    def variables(self) -> environment.Variables:
        """The environment of a server that reaches PostgreSQL through its socket, even when nothing else runs."""
        found = self._settings()
        return {
            **environment.bare(self.airflow_folder / "servers"),
            **settings.server(self._shared(found)),
            **settings.quick(),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self._dags_folder),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.postgres.url(METADATA, "psycopg2", role=METADATA),
        }

    def _layout(self, found: dict[str, Any]) -> Layout:
        return Layout(self.airflow_folder, self.folder / "logs", self._dags_folder, Ports(**found["ports"]), self._more)

    def _shared(self, found: dict[str, Any]) -> settings.Shared:
        ports, roles = Ports(**found["ports"]), found["roles"]
        address = f"127.0.0.1:{ports.pgbouncer}"
        proxy = f"http://localhost:{ports.proxy}"
        return settings.Shared(
            proxy=proxy,
            base_url=proxy,
            broker=f"redis://127.0.0.1:{ports.redis}",
            metadata=f"postgresql+psycopg2://{METADATA}:{roles[METADATA]}@{address}/{METADATA}",
            warehouse={
                "conn_type": "postgres",
                "host": "127.0.0.1",
                "port": ports.pgbouncer,
                "login": WAREHOUSE,
                "password": roles[WAREHOUSE],
                "schema": WAREHOUSE,
            },
            users=",".join(f"{user}:{role}" for user, role in _USERS.items()),
            passwords_file=str(self.airflow_folder / "passwords.json"),
            service_password=found["passwords"][settings.SERVICE_USER],
            **found["secrets"],
        )

    def _new_settings(self) -> dict[str, Any]:
        return {
            "ports": asdict(Ports.free()),
            "passwords": {user: secrets.token_urlsafe(12) for user in _USERS},
            "roles": {role: secrets.token_urlsafe(12) for role in (METADATA, WAREHOUSE)},
            "secrets": {
                "fernet_key": Fernet.generate_key().decode(),
                "secret_key": secrets.token_hex(32),
                "jwt_secret": environment.new_jwt_secret(),
            },
        }
