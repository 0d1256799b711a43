"""The folder ``.demo``: the demo's Airflow home, its PostgreSQL, and the command ``.demo/airflow``."""

from __future__ import annotations

import fcntl
import json
import shlex
import shutil
import sys
from pathlib import Path
from typing import IO, Any

from demo import environment
from demo.postgres import EmbeddedPostgres
from demo.processes import airflow_processes_in, end
from demo.standalone import LiveAirflow

CHECKOUT = Path(__file__).resolve().parent.parent
WAREHOUSE = "warehouse"
STOCK, PAYMENTS = "svc-stock", "svc-payments"
"""The users that the services of dags/definitions/choreographed_order.yaml log in as."""

_METADATA = "airflow"


class DemoIsRunning(RuntimeError):
    """Another demo uses the folder."""


class DemoHome:
    """The folder of one demo, anew for each ``make demo`` and left for ``.demo/airflow`` afterwards.

    :param folder: made when it is missing.
    """

    def __init__(self, folder: Path = CHECKOUT / ".demo") -> None:
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder / "postgres")
        self._settings_file = folder / "settings.json"
        self._lock: IO[str] | None = None

    def occupy(self) -> None:
        """Take the folder for this process, and empty it.

        :raises DemoIsRunning: another demo has it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = (self.folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DemoIsRunning("A demo is running already: stop it first (Ctrl-C where it runs).") from error
        self._end_leftovers()
        for entry in self.folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != "lock":
                entry.unlink()
        self._write_settings()
        self._write_command()

    def start_postgres(self) -> None:
        """Start PostgreSQL, or join it when it runs, and make the two databases."""
        self.postgres.start()
        self.postgres.create_database(_METADATA)
        self.postgres.create_database(WAREHOUSE)

    def airflow(self) -> LiveAirflow:
        """The demo's Airflow, not started; PostgreSQL must run."""
        return LiveAirflow(self.airflow_folder, self._settings()["port"], self.variables())

    @property
    def airflow_folder(self) -> Path:
        """Airflow's home."""
        return self.folder / "home"

    def variables(self) -> environment.Variables:
        """The environment of the demo's Airflow; PostgreSQL must run."""
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

    @property
    def command(self) -> Path:
        """A shell script that runs any ``airflow`` command against this home."""
        return self.folder / "airflow"

    def _end_leftovers(self) -> None:
        """End what a demo that was killed has left running."""
        end(lambda: airflow_processes_in(self.airflow_folder), patience_seconds=5)
        if (self.postgres.folder / "postmaster.pid").exists():
            self.postgres.start()
            self.postgres.stop()

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = json.loads(self._settings_file.read_text())
        return settings

    def _write_settings(self) -> None:
        self._settings_file.touch(mode=0o600)
        settings = {"port": environment.free_port(), "jwt_secret": environment.new_jwt_secret()}
        self._settings_file.write_text(json.dumps(settings))

    def _write_command(self) -> None:
        python, checkout, folder = (shlex.quote(str(path)) for path in (sys.executable, CHECKOUT, self.folder))
        self.command.write_text(
            "#!/bin/sh\n"
            "# Any airflow command against the demo's home; starts its PostgreSQL when it does not run.\n"
            f'PYTHONPATH={checkout} exec {python} -m demo.command {folder} "$@"\n'
        )
        self.command.chmod(0o755)
