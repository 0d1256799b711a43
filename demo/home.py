"""The folder ``.demo``: the demo's Airflow home, its PostgreSQL, and the command ``.demo/airflow``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from demo import environment
from demo.folder import CHECKOUT, AirflowFolder
from demo.standalone import LiveAirflow

WAREHOUSE = "warehouse"
STOCK, PAYMENTS = "svc-stock", "svc-payments"
"""The users that the services of dags/definitions/choreographed_order.yaml log in as."""

_METADATA = "airflow"


class DemoHome(AirflowFolder):
    """The folder of one demo: ``airflow standalone``."""

    def __init__(self, folder: Path = CHECKOUT / ".demo") -> None:
        super().__init__(folder, "demo.command")

    def start_postgres(self) -> None:
        """Start PostgreSQL, or join it when it is running, and create the two databases."""
        self.postgres.start()
        self.postgres.create_database(_METADATA)
        self.postgres.create_database(WAREHOUSE)

    def airflow(self) -> LiveAirflow:
        """The demo's Airflow, not started yet; PostgreSQL must be running."""
        return LiveAirflow(self.airflow_folder, self._settings()["port"], self.variables())

    def variables(self) -> environment.Variables:
        """The environment of the demo's Airflow; PostgreSQL must be running."""
        settings = self._settings()
        return {
            **environment.bare(self.airflow_folder),
            **environment.on_port(settings["port"]),
            **environment.on_free_log_ports(),
            **environment.small_and_quick(
                self.postgres.url(_METADATA, "psycopg2"), CHECKOUT / "dags", settings["jwt_secret"]
            ),
            **environment.with_services(STOCK, PAYMENTS),
            **environment.connection("demo_warehouse", self.postgres.airflow_connection(WAREHOUSE)),
        }

    def _new_settings(self) -> dict[str, Any]:
        return {"port": environment.free_port(), "jwt_secret": environment.new_jwt_secret()}
