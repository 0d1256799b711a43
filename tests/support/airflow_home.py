"""An Airflow home of its own, and the ``airflow`` command in it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.ready_airflow import ReadyAirflow


@dataclass
class Home:
    """An Airflow home, and its command line. :meth:`close` it.

    :param variables: of the environment of its commands.
    """

    path: Path
    variables: dict[str, str] = field(default_factory=dict)
    _ready: ReadyAirflow | None = field(default=None, init=False)

    def airflow(self, *words: str, answer: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        """Run ``airflow`` with these words, as a command of its own; ``answer`` is what the person types."""
        return subprocess.run(
            [sys.executable, "-m", "airflow", *words],
            cwd=self.path,  # so that the installed wheel is meant, not the checkout
            env=self.environment() | variables,
            input=answer,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def wfstate(self, *words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        """Run ``airflow wfstate``, in a fork of a process that has imported Airflow already."""
        return self._ready_airflow().run(("wfstate", *words), answer)

    def wfstate_on_terminal(self, *words: str, columns: int = 80, **variables: str) -> subprocess.CompletedProcess[str]:
        """As :meth:`wfstate`, on a terminal of so many columns; all that it shows is stdout."""
        variables = {"TERM": "xterm-256color", **variables}
        return self._ready_airflow().run_on_terminal(("wfstate", *words), columns, variables)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start ``airflow`` with these words, its output and errors in pipes."""
        return subprocess.Popen(
            [sys.executable, "-m", "airflow", *words],
            cwd=self.path,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """End what waits for commands."""
        if self._ready is not None:
            self._ready.close()

    def _ready_airflow(self) -> ReadyAirflow:
        if self._ready is None:
            self._ready = ReadyAirflow(self.path, self.environment())
        return self._ready

    def environment(self) -> dict[str, str]:
        """Of its commands."""
        # COLUMNS and LINES, which other tests' libraries set, would count before the size of a terminal.
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("AIRFLOW") and name not in ("COLUMNS", "LINES")
        }
        return {**inherited, "AIRFLOW_HOME": str(self.path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", **self.variables}
