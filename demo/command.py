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
    """Run ``airflow`` with these arguments, and return its exit code."""
    with ending_on_signals(), home.postgres:
        process = subprocess.Popen([str(airflow_command()), *words], env=home.variables())
        try:
            return process.wait()
        except SystemExit:
            # A terminal sends Ctrl-C to the command as well, but a SIGTERM reaches only this process.
            process.terminate()
            process.wait()
            raise


if __name__ == "__main__":
    sys.exit(run(DemoHome(Path(sys.argv[1])), *sys.argv[2:]))
