"""Connect to receivers, only at addresses that were checked, and within the time of an attempt."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextvars import ContextVar
from ssl import SSLContext
from typing import Any, Final

import httpcore

from airflow_wfstate.webhooks.allowed_hosts import AllowedHosts

DEADLINE: Final[ContextVar[float]] = ContextVar("deadline")
"""The deadline of this thread's attempt, on the monotonic clock."""


def time_left() -> float:
    """Seconds until the deadline of this thread's attempt.

    :raises httpcore.ReadTimeout: it has passed.
    """
    left = DEADLINE.get() - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time for this attempt is over")
    return left


class CheckedNetwork(httpcore.NetworkBackend):
    """Connects to a host only at its checked addresses.

    :param allowed: which addresses are allowed.
    """

    def __init__(self, allowed: AllowedHosts) -> None:
        self._allowed = allowed
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers.

        :raises InvalidRequest: webhooks may not reach the host.
        :raises httpcore.ConnectError: no address answers.
        """
        try:
            addresses = self._allowed.resolve(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved: {error}") from error
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return TimedStream(self._network.connect_tcp(address, port, timeout=time_left()))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class TimedStream(httpcore.NetworkStream):
    """A connection whose every read and write ends by the deadline, even if a receiver answers one byte at a time."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read available data."""
        return self._stream.read(max_bytes, time_left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all data."""
        self._stream.write(buffer, time_left())

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Start TLS, with the host that the certificate must name."""
        return TimedStream(self._stream.start_tls(ssl_context, server_hostname, time_left()))

    def get_extra_info(self, info: str) -> Any:
        """Information about the connection."""
        return self._stream.get_extra_info(info)
