"""A separate Airflow home, and the ``airflow`` command in it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.ready_airflow import ReadyAirflow


@dataclass
class Home:
    """An Airflow home and its command line. Call :meth:`close` when you are done.

    :param variables: environment variables of its commands.
    """

    path: Path
    variables: dict[str, str] = field(default_factory=dict)
    _ready: ReadyAirflow | None = field(default=None, init=False)

    def airflow(self, *words: str, answer: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        """Run ``airflow`` with these words as a separate command; ``answer`` is what the user types."""
        return subprocess.run(
            [sys.executable, "-m", "airflow", *words],
            cwd=self.path,  # so that it imports the installed wheel, not the checkout
            env=self.environment() | variables,
            input=answer,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def wfstate(self, *words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        """Run ``airflow wfstate`` in a fork of a process that has already imported Airflow."""
        return self._ready_airflow().run(("wfstate", *words), answer)

    def wfstate_on_terminal(self, *words: str, columns: int = 80, **variables: str) -> subprocess.CompletedProcess[str]:
        """Like :meth:`wfstate`, on a terminal with this many columns; everything it shows is in stdout."""
        variables = {"TERM": "xterm-256color", **variables}
        return self._ready_airflow().run_on_terminal(("wfstate", *words), columns, variables)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start ``airflow`` with these words, with its output and errors in pipes."""
        return subprocess.Popen(
            [sys.executable, "-m", "airflow", *words],
            cwd=self.path,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """Stop the process that waits for commands."""
        if self._ready is not None:
            self._ready.close()

    def _ready_airflow(self) -> ReadyAirflow:
        if self._ready is None:
            self._ready = ReadyAirflow(self.path, self.environment())
        return self._ready

    def environment(self) -> dict[str, str]:
        """The environment of its commands."""
        # Libraries of other tests set COLUMNS and LINES, which would override the size of a terminal.
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("AIRFLOW") and name not in ("COLUMNS", "LINES")
        }
        return {**inherited, "AIRFLOW_HOME": str(self.path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", **self.variables}
