"""An HTTP proxy in front of an api-server that loses, truncates and delays messages, as networks do."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx


class NetworkFault(Enum):
    """What happens to a request and its answer."""

    REQUEST_LOST = "closed before the request is passed on"
    REQUEST_RESET = "reset before the request is passed on"
    ANSWER_LOST = "passed on, and closed without an answer"
    ANSWER_RESET = "passed on, and reset without an answer"
    ANSWER_CUT = "passed on, and closed in the middle of the answer"
    BUSY = "answered with 503 by something between, and passed on all the same"
    DELAYED = "passed on, and answered late"


@dataclass
class FaultyProxy:
    """A running proxy.

    :param url: the URL where it listens.
    :param met: how often each fault happened.
    """

    url: str
    met: Counter[NetworkFault] = field(default_factory=Counter)


@contextmanager
def faulty_proxy(target_url: str, seed: str, probability: float = 0.3) -> Iterator[FaultyProxy]:
    """Listen on a free port, and forward to a server, with occasional faults.

    :param seed: seed for choosing the faults.
    :param probability: probability of a fault for each request; all faults are equally likely.
    """
    choice = random.Random(seed)  # noqa: S311 - no secret
    faults = list(NetworkFault)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._pass_on(b"")

        def do_POST(self) -> None:
            self._pass_on(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def do_PUT(self) -> None:
            self.do_POST()

        def _pass_on(self, body: bytes) -> None:
            fault = choice.choice(faults) if choice.random() < probability else None
            if fault is not None:
                proxy.met[fault] += 1
            if fault in (NetworkFault.REQUEST_LOST, NetworkFault.REQUEST_RESET):
                self._hang_up(is_reset=fault is NetworkFault.REQUEST_RESET)
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            answer = upstream.request(self.command, self.path, content=body, headers=headers)
            if fault in (NetworkFault.ANSWER_LOST, NetworkFault.ANSWER_RESET):
                self._hang_up(is_reset=fault is NetworkFault.ANSWER_RESET)
                return
            if fault is NetworkFault.DELAYED:
                time.sleep(choice.uniform(0.02, 0.2))
            content = b"" if fault is NetworkFault.BUSY else answer.content
            self.send_response(503 if fault is NetworkFault.BUSY else answer.status_code)
            self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if fault is NetworkFault.ANSWER_CUT and content:
                self.wfile.write(content[: len(content) // 2])
                self._hang_up(is_reset=False)
                return
            self.wfile.write(content)

        def _hang_up(self, *, is_reset: bool) -> None:
            self.close_connection = True
            self.wfile.flush()
            if is_reset:  # a close that discards unsent data (socket(7), SO_LINGER)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            else:
                self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

        def handle_error(self) -> None:
            """Ignore it: a connection that was reset is not an error."""

    with ThreadingHTTPServer(("localhost", 0), Handler) as server, httpx.Client(base_url=target_url) as upstream:
        upstream.timeout = httpx.Timeout(60)
        server.daemon_threads = True
        server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]  # resets are no errors
        proxy = FaultyProxy(f"http://localhost:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join(10)
