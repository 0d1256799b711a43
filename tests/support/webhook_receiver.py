"""A webhook receiver: a real HTTP server in a thread that verifies what it gets, and counts effects."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


@dataclass(frozen=True)
class Delivery:
    """The content of one request."""

    path: str
    headers: Mapping[str, str]
    body: str

    @property
    def event(self) -> dict[str, Any]:
        """The CloudEvent."""
        event: dict[str, Any] = json.loads(self.body)
        return event

    @property
    def workflow_id(self) -> str:
        """The id of the workflow that the event is about."""
        return str(self.event["data"]["workflow"]["id"])

    @property
    def kind(self) -> str:
        """The event's type, without the prefix."""
        return str(self.event["type"]).removeprefix("wfstate.")

    def verify(self, secret: str) -> None:
        """Verify the signature, as a receiver does."""
        Webhook(secret).verify(self.body, dict(self.headers))

    def is_signed_with(self, secret: str) -> bool:
        """Whether the signature was made with this secret."""
        try:
            self.verify(secret)
        except WebhookVerificationError:
            return False
        return True


Answer = tuple[int, str] | tuple[int, str, Mapping[str, str]]


class Receiver:
    """What it received, and how it answers.

    :param url: the URL to send to.
    """

    def __init__(self) -> None:
        self.url = ""
        self.received: list[Delivery] = []
        self.answer: Callable[[Delivery], Answer] = lambda delivery: (200, "thanks")
        self.lock = threading.Lock()

    def kinds(self, workflow_id: str) -> list[str]:
        """The kinds of a workflow's events, in the order in which they first came."""
        ids = dict.fromkeys(found.event["id"] for found in self.received if found.workflow_id == workflow_id)
        by_id = {found.event["id"]: found.kind for found in self.received}
        return [by_id[event_id] for event_id in ids]

    def signed_with(self, secret: str) -> list[Delivery]:
        """The deliveries that were signed with this secret."""
        return [found for found in self.received if found.is_signed_with(secret)]

    def effects(self) -> Counter[str]:
        """How often each event came, by id; a receiver acts once for each id."""
        return Counter(found.headers["webhook-id"] for found in self.received)


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """Run a receiver on this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            delivery = Delivery(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            with receiver.lock:
                receiver.received.append(delivery)
            status, text, *more = receiver.answer(delivery)
            self.send_response(status)
            for name, value in (more[0] if more else {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
