"""The folder that one Airflow runs in. It is emptied for each run, and kept afterwards for ``<folder>/airflow``."""

from __future__ import annotations

import fcntl
import json
import shlex
import shutil
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import IO, Any

from demo import environment
from demo.postgres import EmbeddedPostgres
from demo.processes import airflow_processes_in, end
from demo.running import RunningAirflow

CHECKOUT = Path(__file__).resolve().parent.parent


class FolderInUse(RuntimeError):
    """Another process is running an Airflow in the folder."""


class AirflowFolder(ABC):
    """The folder of one Airflow and its PostgreSQL.

    :param folder: created when it is missing.
    :param command_module: the module that ``<folder>/airflow`` runs, with the folder and then its own arguments.
    """

    def __init__(self, folder: Path, command_module: str) -> None:
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder / "postgres")
        self._command_module = command_module
        self._settings_file = folder / "settings.json"
        self._lock: IO[str] | None = None

    @abstractmethod
    def start_postgres(self) -> None:
        """Start PostgreSQL, or join it when it is running, and create its databases."""

    @abstractmethod
    def airflow(self) -> RunningAirflow:
        """The Airflow of this folder, not started yet; PostgreSQL must be running."""

    @abstractmethod
    def variables(self) -> environment.Variables:
        """The environment of ``<folder>/airflow``; PostgreSQL must be running."""

    @abstractmethod
    def _new_settings(self) -> dict[str, Any]:
        """The ports, secrets and passwords of a run, as JSON."""

    @property
    def airflow_folder(self) -> Path:
        """The working folder of Airflow's processes; some of them run in folders below it."""
        return self.folder / "home"

    @property
    def command(self) -> Path:
        """A shell script that runs any ``airflow`` command against this folder."""
        return self.folder / "airflow"

    def occupy(self) -> None:
        """Take the folder for this process, and empty it.

        :raises FolderInUse: another process has it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = (self.folder / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise FolderInUse(
                f"An Airflow is already running in {self.folder}. Stop it first (press Ctrl-C in its terminal)."
            ) from error
        self._lock = lock
        self._end_leftovers()
        for entry in self.folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != "lock":
                entry.unlink()
        self._write_settings()
        self._write_command()

    def leave(self) -> None:
        """Stop PostgreSQL and release the folder; its files stay."""
        self.postgres.stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _end_leftovers(self) -> None:
        """End the processes that a killed run left behind."""
        end(lambda: airflow_processes_in(self.airflow_folder), patience_seconds=5)
        if (self.postgres.folder / "postmaster.pid").exists():
            self.postgres.start()
            self.postgres.stop()

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = json.loads(self._settings_file.read_text())
        return settings

    def _write_settings(self) -> None:
        self._settings_file.touch(mode=0o600)
        self._settings_file.write_text(json.dumps(self._new_settings()))

    def _write_command(self) -> None:
        python, checkout, folder = (shlex.quote(str(path)) for path in (sys.executable, CHECKOUT, self.folder))
        self.command.write_text(
            "#!/bin/sh\n"
            "# Run any airflow command against this folder; starts its PostgreSQL when needed.\n"
            # With -m, Python would look for modules in the working folder first.
            f"PYTHONPATH={checkout} exec {python} -c 'import runpy, sys; sys.path.pop(0); "
            f'runpy.run_module("{self._command_module}", run_name="__main__")\' {folder} "$@"\n'
        )
        self.command.chmod(0o755)
