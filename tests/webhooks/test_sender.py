"""One attempt, against real receivers: what is sent, what is read, and what is refused."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from airflow_wfstate.webhooks.allowed_hosts import AllowedHosts
from airflow_wfstate.webhooks.sender import Result, Sender
from tests.support.webhook_receiver import Delivery, Receiver, running_receiver

HERE = AllowedHosts.parse(["127.0.0.0/8"])


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver


def send(url: str, allowed: AllowedHosts = HERE, seconds: float = 5) -> Result:
    sender = Sender(url, allowed, timedelta(seconds=seconds))
    try:
        return sender.send('{"a":1}', {"webhook-id": "1", "Content-Type": "application/json"})
    finally:
        sender.close()


@contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that treats its first connection as told; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            try:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(65536)
                    serve(connection)
            except OSError:
                pass

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
    thread.join(10)


def test_what_is_sent(receiver: Receiver) -> None:
    assert send(f"{receiver.url}?shop=7") == Result(200, "thanks")
    (came,) = receiver.received
    assert (came.path, came.body) == ("/hook?shop=7", '{"a":1}')
    assert came.headers["host"] == receiver.url.split("/")[2]
    assert came.headers["webhook-id"] == "1"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(receiver: Receiver, status: int) -> None:
    receiver.answer = lambda delivery: (status, "", {"Location": f"{receiver.url}/elsewhere"})
    result = send(receiver.url)
    assert (result.status, result.is_accepted) == (status, False)
    assert [came.path for came in receiver.received] == ["/hook"]


def test_proxies_of_the_environment_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert send(receiver.url).is_accepted


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_address_that_is_not_allowed_is_not_connected_to(receiver: Receiver, host: str) -> None:
    port = receiver.url.split(":")[2]
    result = send(f"https://{host}:{port}", AllowedHosts())
    assert result.status is None
    assert "webhook_hosts" in result.text
    assert receiver.received == []


def test_http_to_a_host_that_is_not_named_is_not_connected_to(receiver: Receiver) -> None:
    result = send(receiver.url, AllowedHosts())
    assert "only over https" in result.text
    assert receiver.received == []


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the second lookup of the name would return another address."""
    port = int(receiver.url.split(":")[2].split("/")[0])
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def lookup(host: str, *arguments: Any, **more: Any) -> Any:
        looked_up.append(host)
        if host == "hooks.example.com":
            rebound = "127.0.0.1" if looked_up.count(host) == 1 else "169.254.169.254"
            return real(rebound, *arguments, **more)
        return real(host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    url = f"http://hooks.example.com:{port}/hook"
    assert send(url, AllowedHosts.parse(["hooks.example.com"])).is_accepted
    assert looked_up.count("hooks.example.com") == 1
    assert receiver.received[0].headers["host"] == f"hooks.example.com:{port}"

    refused = send(url.replace("http:", "https:"), HERE)  # the address that it has now belongs to no receiver
    assert "169.254.169.254" in refused.text
    assert len(receiver.received) == 1


def test_a_receiver_that_answers_a_byte_at_a_time_is_given_up(receiver: Receiver) -> None:
    answer = b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200  # takes ten seconds
    sent = []

    def drip(connection: socket.socket) -> None:
        for byte in answer:
            connection.sendall(bytes([byte]))
            sent.append(byte)
            time.sleep(0.05)

    with raw_server(drip) as url:
        result = send(url, seconds=0.5)
    assert result.status is None
    assert result.text == "No answer within 0.5 s."
    assert 0 < len(sent) < len(answer)  # hung up on


def test_a_body_that_never_ends_is_not_read_for_ever() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")

    with raw_server(flood) as url:
        result = send(url)
    assert result == Result(500, "x" * 1000)


@pytest.mark.parametrize(
    "answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"\x00" * 100]
)
def test_what_is_not_http_is_no_answer(answer: bytes) -> None:
    with raw_server(lambda connection: connection.sendall(answer)) as url:
        result = send(url)
    assert result.status is None
    assert result.text.startswith("No answer")
    assert result.is_about_receiver


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = send(f"http://127.0.0.1:{port}")
    assert (result.status, result.is_about_receiver) == (None, True)
    assert "refused" in result.text


def test_a_host_that_cannot_be_a_name() -> None:
    result = send("https://" + "a" * 70 + ".example.com", AllowedHosts())
    assert (result.status, result.is_accepted) == (None, False)


@pytest.mark.parametrize(
    ("status", "is_about_receiver"), [(500, True), (503, True), (429, True), (400, False), (404, False), (422, False)]
)
def test_what_a_status_is_about(receiver: Receiver, status: int, is_about_receiver: bool) -> None:
    receiver.answer = lambda delivery: (status, "no", {"Retry-After": "7200"})
    result = send(receiver.url)
    assert (result.is_accepted, result.is_about_receiver) == (False, is_about_receiver)
    assert result.wait == timedelta(hours=1), "and no longer than that"


def test_a_certificate_of_nobody_we_trust(receiver: Receiver) -> None:
    """The receiver does not speak TLS, which ends the same way: no answer, and the reason."""
    result = send(receiver.url.replace("http:", "https:"))
    assert result.status is None
    assert receiver.received == []


def answering(status: int) -> Callable[[Delivery], tuple[int, str]]:
    return lambda delivery: (status, "")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_is_an_acceptance(receiver: Receiver, status: int) -> None:
    receiver.answer = answering(status)
    assert send(receiver.url).is_accepted
