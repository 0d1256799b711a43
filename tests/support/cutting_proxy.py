"""A TCP proxy in front of PostgreSQL that cuts the connection between a COMMIT and its answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
"""A simple query of the PostgreSQL protocol: its type, length and text. Both drivers commit with it."""


@dataclass
class CuttingProxy:
    """A running proxy.

    :param port: the port of localhost where it listens.
    :param cuts: how many of the next commits lose their answer.
    :param carries_out: whether such a commit is forwarded, and carried out, before the connection is cut.
    :param refuses_after_cut: whether further connections are refused after the first cut.
    :param is_down: whether it currently refuses connections.
    :param cut: set when a connection is cut.
    """

    port: int
    cuts: int = 0
    carries_out: bool = True
    refuses_after_cut: bool = False
    is_down: bool = False
    cut: threading.Event = field(default_factory=threading.Event)


@contextmanager
def cutting_proxy(target: tuple[str, int] | str) -> Iterator[CuttingProxy]:
    """Listen on a free port, and forward to a server.

    :param target: the server's host and port, or the path of its Unix socket.
    """
    listener = socket.create_server(("localhost", 0))
    proxy = CuttingProxy(listener.getsockname()[1])
    threads = [threading.Thread(target=_accept, args=(listener, target, proxy), daemon=True)]
    threads[0].start()
    try:
        yield proxy
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        threads[0].join(10)


def _accept(listener: socket.socket, target: tuple[str, int] | str, proxy: CuttingProxy) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:  # the end of the test
            return
        if proxy.is_down:
            client.close()
            continue
        server = socket.socket(socket.AF_UNIX if isinstance(target, str) else socket.AF_INET)
        server.connect(target)
        # Holds back what the server sends, as soon as a commit is to lose its answer.
        silent = threading.Event()
        threading.Thread(target=_forward, args=(client, server, proxy, silent), daemon=True).start()
        threading.Thread(target=_back, args=(server, client, silent), daemon=True).start()


def _forward(client: socket.socket, server: socket.socket, proxy: CuttingProxy, silent: threading.Event) -> None:
    with suppress(OSError), client, server:
        while data := client.recv(65536):
            if data == _COMMIT and proxy.cuts:
                proxy.cuts -= 1
                proxy.is_down = proxy.refuses_after_cut
                silent.set()
                if proxy.carries_out:
                    server.sendall(data)
                    server.recv(1, socket.MSG_PEEK)  # it has answered, so it has committed
                client.shutdown(socket.SHUT_RDWR)
                server.shutdown(socket.SHUT_RDWR)
                proxy.cut.set()
                return
            server.sendall(data)


def _back(server: socket.socket, client: socket.socket, silent: threading.Event) -> None:
    with suppress(OSError):
        while server.recv(1, socket.MSG_PEEK):
            if silent.is_set():
                return
            client.sendall(server.recv(65536))
        client.shutdown(socket.SHUT_RDWR)
