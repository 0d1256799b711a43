"""A preloaded ``airflow``: its modules are loaded once, and each command runs in a fork of its process.

A separate command spends two seconds of CPU time on imports before it does anything. The fork runs the same code:
Airflow's own entry point, in a process with its own arguments, environment, standard streams and exit code.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import pkgutil
import pty
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

_LOADED_LATE = (
    "airflow.dag_processing.dagbag",
    "airflow.models.dagbag",
    "airflow.models.serialized_dag",
    "airflow_wfstate.backends.database",
)
"""Modules that commands import inside their functions."""


class ReadyAirflow:
    """The process that forks, for one Airflow home.

    :param folder: working directory of its commands, from which they import the installed package.
    :param environment: environment of every command.
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
        """Run ``airflow`` with these words; ``answer`` is what the user types."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "0").write_text(answer)
            code = self._ask(words, folder, {})
            return subprocess.CompletedProcess(words, code, (folder / "1").read_text(), (folder / "2").read_text())

    def run_on_terminal(
        self, words: tuple[str, ...], columns: int, variables: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run ``airflow`` with these words on a pseudo-terminal; everything it shows is in its stdout.

        :param variables: environment variables of the command, in addition to the others.
        """
        with terminal(columns) as (device, shown), tempfile.TemporaryDirectory() as name:
            for stream in ("0", "1", "2"):
                (Path(name) / stream).symlink_to(device)
            code = self._ask(words, Path(name), variables)
        return subprocess.CompletedProcess(words, code, "".join(shown), "")

    def _ask(self, words: tuple[str, ...], streams: Path, variables: Mapping[str, str]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"words": words, "streams": str(streams), "variables": dict(variables)}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)


@contextmanager
def terminal(columns: int) -> Iterator[tuple[str, list[str]]]:
    """A pseudo-terminal of 40 lines: its device, and what it has shown, which is complete when the block ends."""
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    shown: list[str] = []
    reading = Thread(target=_read, args=(reader, shown))
    reading.start()
    try:
        yield os.ttyname(writer), shown
    finally:
        os.close(writer)
        reading.join(timeout=60)
        os.close(reader)


def _read(reader: int, shown: list[str]) -> None:
    while True:
        try:
            data = os.read(reader, 65536)
        except OSError:  # how Linux reports that nobody has the terminal open any more
            return
        shown.append(data.decode().replace("\r\n", "\n"))


def _serve() -> None:
    """Answer each request, a line of JSON, with the exit code of its command."""
    sys.path.remove(str(Path(__file__).parent))  # Python adds it for a script, but not for the airflow command
    _load()
    # A separate channel for the requests, because a command gets these two descriptors as its standard streams.
    requests, answers = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
    for line in requests:
        child = os.fork()
        if child == 0:
            sys.exit(_command(**json.loads(line)))
        answers.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        answers.flush()


def _load() -> None:
    """Import the modules that commands import when they are called."""
    from airflow.cli.cli_parser import get_parser

    from airflow_wfstate import cli, store

    get_parser()
    for package in (cli, store):
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    for name in _LOADED_LATE:
        importlib.import_module(name)
    gc.freeze()  # otherwise each fork would search all of it for garbage at its end, which takes 0.7 seconds


def _command(words: list[str], streams: str, variables: dict[str, str]) -> object:
    """Do what ``airflow`` does with these words, and return its exit code in the form that ``sys.exit`` takes."""
    os.environ.update(variables)
    from airflow.__main__ import main

    for descriptor, flags in enumerate((os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT)):
        os.dup2(os.open(os.path.join(streams, str(descriptor)), flags, 0o600), descriptor)
    sys.argv = ["airflow", *words]
    return main()


if __name__ == "__main__":
    _serve()
