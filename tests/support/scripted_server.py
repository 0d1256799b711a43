"""An HTTP server that answers as a test tells it to, because a healthy api-server produces no outages."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """One answer of the server."""

    status: int
    body: object = field(default_factory=dict)
    content_type: str = "application/json"


@dataclass
class ScriptedServer:
    """A server that answers every request with a function.

    :param seen: method, path and bearer token of each request, in order.
    :param encodings: the encodings that each request accepted, in order.
    :param bodies: the body of each POST, in order.
    """

    url: str
    seen: list[tuple[str, str, str]] = field(default_factory=list)
    encodings: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


def jwt_that_ends_in(seconds: float, name: str = "") -> str:
    """A token like those of /auth/token, except for its signature.

    :param name: distinguishes it from others.
    """
    claims = json.dumps({"exp": time.time() + seconds, "name": name}).encode()
    return f"h.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.s"


@contextmanager
def scripted_server(answer: Callable[[str, str], Answer]) -> Iterator[ScriptedServer]:
    """Serve on a free port.

    :param answer: a function of the path and the bearer token.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            served.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self._answer()

        def _answer(self) -> None:
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            served.seen.append((self.command, self.path, token))
            served.encodings.append(self.headers.get("Accept-Encoding", ""))
            said = answer(self.path, token)
            body = json.dumps(said.body).encode()
            self.send_response(said.status)
            self.send_header("Content-Type", said.content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("localhost", 0), Handler) as server:
        server.daemon_threads = True
        served = ScriptedServer(f"http://localhost:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join(10)
