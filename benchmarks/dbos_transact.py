"""DBOS Transact, installed separately and measured on the same server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_VERSION = "3.4.0"
_SCRIPT = Path(__file__).with_name("dbos_steps.py")


class NotMeasured(Exception):
    """Something to compare with could not be measured; the message says why."""


@dataclass(frozen=True)
class DbosSteps:
    """DBOS's steps.

    :param step_ms: mean time of a step, in milliseconds.
    :param steps_per_second: by all writers together.
    """

    version: str
    step_ms: float
    steps_per_second: float


class DbosTransact:
    """DBOS Transact in its own virtualenv.

    :param folder: the virtualenv; kept for the next run.
    """

    def __init__(self, folder: Path) -> None:
        self._python = folder / "bin" / "python"
        self._folder = folder

    def install(self) -> None:
        """Install it unless it is already installed.

        :raises NotMeasured: it cannot be installed.
        """
        wanted = f"dbos=={_VERSION}"
        installed = f"import importlib.metadata as m; assert m.version('dbos') == '{_VERSION}'"
        if (
            self._python.exists()
            and subprocess.run([self._python, "-c", installed], capture_output=True).returncode == 0
        ):
            return
        self._run([sys.executable, "-m", "venv", self._folder], timeout_seconds=300)
        pip: list[str | Path] = [self._python, "-m", "pip", "--disable-pip-version-check", "--quiet"]
        self._run([*pip, "install", wanted], timeout_seconds=300)

    def measure(self, url: str, steps: int, writers: int, turns: int) -> DbosSteps:
        """Let writers run steps, and return the median of several turns.

        :param url: a libpq URL of a database for its tables.
        :param steps: how many each writer runs per turn.
        :raises NotMeasured: it failed.
        """
        found = [
            json.loads(self._run([self._python, _SCRIPT, url, str(steps), str(writers)], timeout_seconds=600))
            for _ in range(turns)
        ]
        return DbosSteps(
            found[0]["version"],
            median(turn["step_ms"] for turn in found),
            median(turn["steps_per_second"] for turn in found),
        )

    def _run(self, command: Sequence[str | Path], timeout_seconds: float) -> str:
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_seconds, check=True)
        except subprocess.CalledProcessError as error:
            raise NotMeasured(f"{command[0]} failed: {error.stderr.strip()[-500:]}") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotMeasured(str(error)) from error
        return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
