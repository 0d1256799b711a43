"""An ``airflow`` that is ready: its modules are loaded once, and each command runs in a fork of its process.

A command of its own spends two seconds of processor time on imports before it does anything. What is run is the same:
Airflow's own entry point, in a process with its own arguments, environment, standard streams and exit code.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

_LOADED_LATE = (
    "airflow.dag_processing.dagbag",
    "airflow.models.dagbag",
    "airflow.models.serialized_dag",
    "airflow_wfstate.backends.database",
)
"""Modules that commands import inside their functions."""


class ReadyAirflow:
    """The process that forks, for one Airflow home.

    :param folder: where its commands run, and where the package is found as it was installed.
    :param environment: of every command.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, words: tuple[str, ...], answer: str) -> subprocess.CompletedProcess[str]:
        """Run ``airflow`` with these words; ``answer`` is what the person types."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "0").write_text(answer)
            self._process.stdin.write(json.dumps({"words": words, "streams": name}) + "\n")
            self._process.stdin.flush()
            code = int(self._process.stdout.readline())
            return subprocess.CompletedProcess(words, code, (folder / "1").read_text(), (folder / "2").read_text())

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)


def _serve() -> None:
    """Answer each request, a line of JSON, with the exit code of its command."""
    sys.path.remove(str(Path(__file__).parent))  # what Python adds for a script, and not for the command airflow
    _load()
    # The requests' own channel: a command gets these two descriptors as its standard streams.
    requests, answers = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
    for line in requests:
        child = os.fork()
        if child == 0:
            sys.exit(_command(**json.loads(line)))
        answers.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        answers.flush()


def _load() -> None:
    """Import what commands import when they are called."""
    from airflow.cli.cli_parser import get_parser

    from airflow_wfstate import cli, store

    get_parser()
    for package in (cli, store):
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    for name in _LOADED_LATE:
        importlib.import_module(name)
    gc.freeze()  # or each fork would look through all of it for garbage when it ends: 0.7 seconds


def _command(words: list[str], streams: str) -> object:
    """What ``airflow`` with these words does; its exit code as ``sys.exit`` takes it."""
    from airflow.__main__ import main

    for descriptor, flags in enumerate((os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT)):
        os.dup2(os.open(os.path.join(streams, str(descriptor)), flags, 0o600), descriptor)
    sys.argv = ["airflow", *words]
    return main()


if __name__ == "__main__":
    _serve()
