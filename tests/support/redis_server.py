"""A separate Redis server without persistence."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.api_server import free_port
from tests.support.listening import wait_until_listening

PROGRAM = shutil.which("redis-server")
"""None if it is not installed (Debian's package: redis-server)."""


@contextmanager
def running_redis(folder: Path) -> Iterator[int]:
    """Run Redis, and yield the port of localhost that it listens on.

    :param folder: an empty folder, for its log.
    :raises RuntimeError: Redis does not listen; the message contains its log.
    """
    port, log = free_port(), folder / "redis.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [PROGRAM or "redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)],
            stdout=output,
            stderr=output,
        )
    try:
        wait_until_listening("Redis", port, process, log)
        yield port
    finally:
        process.terminate()
        process.wait(20)
