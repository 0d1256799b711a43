"""The services in demo/services when something goes wrong between them and Airflow."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

from airflow_wfstate.domain.rules.webhooks.secret import new_webhook_secret
from airflow_wfstate.webhooks.signature import signed_headers
from tests.conftest import CHECKOUT
from tests.support.api_server import free_port
from tests.support.listening import wait_until_listening
from tests.support.scripted_server import Answer, ScriptedServer, scripted_server

SERVICES = CHECKOUT / "demo" / "services"
REQUEST = {
    "id": "a-request",
    "type": "com.example.stock.release_requested",
    "subject": "order/1001",
    "correlationid": "a-workflow",
}


@dataclass
class Airflow:
    """What stands for it.

    :param outages: how many of the next events get no 200.
    """

    server: ScriptedServer | None = None
    outages: int = 0

    def answer(self, path: str, _: str) -> Answer:
        if path == "/auth/token":
            return Answer(201, {"access_token": "a-token"})
        self.outages -= 1
        return Answer(503) if self.outages >= 0 else Answer(200, {"results": [{"verdict": "applied"}]})

    def events(self) -> list[dict[str, Any]]:
        """That were sent to it, also those that got no 200."""
        assert self.server is not None
        sent = [json.loads(body) for body in self.server.bodies]
        return [event for event in sent if "specversion" in event]

    def login(self, user: str) -> dict[str, str]:
        """The environment of a service."""
        assert self.server is not None
        return {"PATH": "/usr/bin:/bin", "AIRFLOW": self.server.url, "LOGIN": user, "PASSWORD": "secret"}


@dataclass
class Stock:
    """The stock service, as a process."""

    url: str
    database: Path
    secret: str = field(default_factory=new_webhook_secret)

    def receive(self, request: dict[str, str], secret: str | None = None) -> int | None:
        """The status with which it answers a webhook; None for no answer."""
        body = json.dumps(request)
        headers = signed_headers(request["id"], body, [secret or self.secret], datetime.now(timezone.utc))
        try:
            return httpx.post(self.url, content=body, headers=headers, timeout=30, trust_env=False).status_code
        except httpx.TransportError:
            return None

    def done(self) -> list[tuple[str, str]]:
        """What it has done: the event that tells of it, and the goods."""
        with closing(sqlite3.connect(self.database)) as stock:
            return stock.execute("SELECT type, goods FROM done").fetchall()


@pytest.fixture
def airflow() -> Iterator[Airflow]:
    airflow = Airflow()
    with scripted_server(airflow.answer) as airflow.server:
        yield airflow


@pytest.fixture
def stock(airflow: Airflow, tmp_path: Path) -> Iterator[Stock]:
    port, log = free_port(), tmp_path / "stock.log"
    stock = Stock(f"http://127.0.0.1:{port}/", tmp_path / "stock.db")
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, str(SERVICES / "stock.py"), str(port), str(stock.database)],
            env=airflow.login("svc-stock") | {"SECRET": stock.secret},
            stdout=output,
            stderr=output,
        )
    try:
        wait_until_listening("stock.py", port, process, log)
        yield stock
    finally:
        process.terminate()
        process.wait(10)


def test_a_request_that_comes_again_is_done_once_and_answered_by_the_same_event(airflow: Airflow, stock: Stock) -> None:
    airflow.outages = 1
    assert stock.receive(REQUEST) != 204, "its answer was lost: Airflow has to ask again"
    assert [stock.receive(REQUEST), stock.receive(REQUEST)] == [204, 204]
    assert stock.done() == [("com.example.stock.released", "order/1001")]
    first, second, third = airflow.events()
    assert first == second == third
    assert (first["correlationid"], first["causationid"]) == ("a-workflow", "a-request")


def test_what_is_not_signed_with_its_secret_or_does_not_concern_it_changes_nothing(
    airflow: Airflow, stock: Stock
) -> None:
    assert stock.receive(REQUEST, new_webhook_secret()) == 401
    assert httpx.post(stock.url, json=REQUEST, trust_env=False).status_code == 401
    assert stock.receive(REQUEST | {"type": "wfstate.step.succeeded"}) == 204
    assert (stock.done(), airflow.events()) == ([], [])


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_payment_that_is_told_again_is_the_same_event(airflow: Airflow) -> None:
    airflow.outages = 1
    for _ in range(2):  # the second is as if the answer to the first had been lost
        script = [str(SERVICES / "payments.sh"), "1001", "declined", "No money."]
        said = subprocess.run(script, env=airflow.login("svc-payments"), capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stderr
    first, second, third = airflow.events()
    assert first == second == third
    assert (first["type"], first["data"]) == (
        "com.example.payment.declined",
        {"order_id": "1001", "reason": "No money."},
    )
