"""A server that was started, and does not say when it is ready."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

_START_SECONDS = 20


def wait_until_listening(name: str, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers at a port of this machine.

    :param name: of the program, for the error.
    :param log: what it writes; it need not be there yet.
    :raises RuntimeError: it ended, or did not answer within 20 seconds; the text has its log.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)  # a server that starts announces itself in no other way than by answering
    raise RuntimeError(f"{name} does not listen:\n{log.read_text() if log.exists() else ''}")
