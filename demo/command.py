"""What ``.demo/airflow`` runs: an ``airflow`` command against the demo's home."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from demo.environment import airflow_command
from demo.folder import AirflowFolder
from demo.home import DemoHome
from demo.signals import ending_on_signals


def run(home: AirflowFolder, *words: str) -> int:
    """Run ``airflow`` with these arguments, and return its exit code: 128 plus the number of a signal that ended it."""
    with ending_on_signals(), home.postgres:
        process = subprocess.Popen([str(airflow_command()), *words], env=home.variables())
        try:
            return _exit_code(process.wait())
        except SystemExit:
            # A terminal sends Ctrl-C to the command as well, but a SIGTERM reaches only this process.
            process.terminate()
            process.wait()
            raise


def _exit_code(returned: int) -> int:
    """The exit code of a process as a shell reports it; ``subprocess`` reports a signal as a negative number."""
    return returned if returned >= 0 else 128 - returned


if __name__ == "__main__":
    sys.exit(run(DemoHome(Path(sys.argv[1])), *sys.argv[2:]))
