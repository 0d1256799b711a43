"""A service that takes part in orders: it reserves goods when an order starts, and releases them on request.

AIRFLOW=http://localhost:8080 LOGIN=svc-stock PASSWORD=... SECRET=whsec_... python3 stock.py 8090 stock.db
"""

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import sys
import time
import urllib.request
from collections.abc import Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

ANSWERS = {
    "wfstate.workflow.started": "com.example.stock.reserved",
    "com.example.stock.release_requested": "com.example.stock.released",
}
stock = sqlite3.connect(sys.argv[2])
stock.execute("CREATE TABLE IF NOT EXISTS done (id TEXT PRIMARY KEY, type TEXT, goods TEXT)")


class Webhook(BaseHTTPRequestHandler):
    """Receives what Airflow sends. Airflow sends it again unless the response is a 2xx."""

    def do_POST(self) -> None:
        """Act once per event, report what was done, and accept."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not is_genuine(self.headers, body):
            return self.send_error(401)
        event = json.loads(body)
        if event["type"] in ANSWERS:
            with stock:  # the row is the effect: one per id, no matter how often the event arrives
                row = (event["id"], ANSWERS[event["type"]], event["subject"])
                stock.execute("INSERT OR IGNORE INTO done VALUES (?, ?, ?)", row)
            send(*row, event["correlationid"])  # every time, in case it got lost; Airflow counts it once
        self.send_response(204)
        return self.end_headers()


def is_genuine(headers: Message, body: bytes) -> bool:
    """Whether the body is signed with our secret, as Standard Webhooks requires, and at most five minutes old."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(os.environ["SECRET"].removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    known = any(hmac.compare_digest(expected, given) for given in headers.get("webhook-signature", "").split(" "))
    return known and abs(time.time() - int(headers["webhook-timestamp"])) < 300


def send(event_id: str, event_type: str, goods: str, correlation_id: str) -> None:
    """Tell Airflow what was done. An error makes the webhook fail, so Airflow delivers again."""
    login = {"username": os.environ["LOGIN"], "password": os.environ["PASSWORD"]}
    token = post("/auth/token", login, {"Content-Type": "application/json"})["access_token"]
    event = {
        "specversion": "1.0",
        "id": f"re-{event_id}",  # derived from the request, so it is the same when it is sent again
        "source": "https://stock.example/",
        "type": event_type,
        "correlationid": correlation_id,  # the workflow
        "causationid": event_id,
        "data": {"goods": goods},
    }
    headers = {"Content-Type": "application/cloudevents+json", "Authorization": f"Bearer {token}"}
    (result,) = post("/wfstate/v1/events", event, headers)["results"]
    print(event_type, goods, result["verdict"], flush=True)


def post(path: str, value: Mapping[str, object], headers: dict[str, str]) -> Any:
    """Post to Airflow and return its response; a refusal raises HTTPError."""
    request = urllib.request.Request(os.environ["AIRFLOW"] + path, json.dumps(value).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


HTTPServer(("127.0.0.1", int(sys.argv[1])), Webhook).serve_forever()
