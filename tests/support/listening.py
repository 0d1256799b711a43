"""Waiting for a server that was started and does not report when it is ready."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

_START_SECONDS = 20


def wait_until_listening(name: str, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers on a port of this machine.

    :param name: name of the program, for the error message.
    :param log: the log that it writes; the file need not exist yet.
    :raises RuntimeError: it exited, or did not answer within 20 seconds; the message contains its log.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)  # the only sign that a server has started is that it answers
    raise RuntimeError(f"{name} does not listen:\n{log.read_text() if log.exists() else ''}")
