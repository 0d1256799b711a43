"""The ports of this machine that the components of a cluster listen on."""

from __future__ import annotations

import random
import socket
import time
from contextlib import ExitStack

from demo.running import AirflowDidNotStart

_RANGE = range(20_000, 32_000)
"""Below the ports that Linux uses for outgoing connections, which could take the port of a component that is down."""


def free_ports(count: int) -> list[int]:
    """Distinct TCP ports of this machine that are free at the moment."""
    found: list[int] = []
    with ExitStack() as held:
        for port in random.sample(_RANGE, len(_RANGE)):
            listener = held.enter_context(socket.socket())
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue  # already in use
            found.append(port)
            if len(found) == count:
                return found
    raise OSError(f"Fewer than {count} of this machine's ports {_RANGE.start} to {_RANGE.stop} are free.")


def wait_until_listening(what: str, port: int, timeout_seconds: float = 20) -> None:
    """Wait until a program of this machine accepts connections.

    :param what: its name, and where its log is.
    :raises AirflowDidNotStart: it did not in time.
    """
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AirflowDidNotStart(f"{what} was not listening on port {port} after {timeout_seconds:.0f} seconds.")
