"""CloudEvents 1.0 over HTTP, as specified in its HTTP Protocol Binding and JSON Event Format."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.api_server import ApiServer
from tests.support.services import Shop

STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCHED = {"Content-Type": "application/cloudevents-batch+json; charset=utf-8"}


@pytest.fixture
def shop(api_server: ApiServer) -> Iterator[Shop]:
    backend = api_server.backend()
    yield Shop(backend).apply()
    backend.close()


@pytest.fixture
def admin(client: httpx.Client, api_server: ApiServer) -> httpx.Client:
    client.headers["Authorization"] = f"Bearer {api_server.token()}"
    return client


def body_of(admin: httpx.Client, event: dict[str, Any]) -> dict[str, Any]:
    """The body of an event, as it is stored."""
    answer = admin.get("/v1/event", params={"source": event["source"], "id": event["id"]})
    body: dict[str, Any] = json.loads(answer.raise_for_status().json()["body"]["text"])
    return body


def test_structured_mode(admin: httpx.Client, shop: Shop) -> None:
    placed = shop.placed("1", subject="an order", time="2026-12-01T12:00:00.5+01:00", traceparent="00-ab-cd-01")

    answer = admin.post("/v1/events", json=placed, headers=STRUCTURED)

    assert (answer.status_code, answer.json()["results"][0]["verdict"]) == (200, "applied")
    assert body_of(admin, placed) == placed
    assert admin.post("/v1/events", json=placed, headers=STRUCTURED).json()["results"][0]["verdict"] == "duplicate"


def test_batched_mode(admin: httpx.Client, shop: Shop) -> None:
    assert admin.post("/v1/events", json=[], headers=BATCHED).json() == {"results": []}
    events = [shop.event("carrier", "delivered", "1"), {"specversion": "0.3"}, shop.placed("1")]

    answer = admin.post("/v1/events", json=events, headers=BATCHED)

    assert [result["verdict"] for result in answer.json()["results"]] == ["applied", "refused", "applied"]
    assert shop.states("1") == {"carrier.deliver": "succeeded", "shop.place": "succeeded"}


def test_binary_mode_means_the_same_as_structured_mode(admin: httpx.Client, shop: Shop) -> None:
    placed = shop.placed("1", subject="Bücher & €", sequence=7)
    headers = {f"ce-{name}": str(value) for name, value in placed.items() if name != "data"}
    headers |= {"ce-subject": "B%C3%BCcher%20%26%20%E2%82%AC", "Content-Type": "application/json"}

    first = admin.post("/v1/events", content=json.dumps(placed["data"]), headers=headers)
    again = admin.post("/v1/events", json=placed, headers=STRUCTURED)

    assert first.json()["results"][0]["verdict"] == "applied", first.text
    assert again.json()["results"][0]["verdict"] == "duplicate"
    assert body_of(admin, placed)["subject"] == "Bücher & €"


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("text/plain; charset=utf-8", b"hello", {"data": "hello"}),
        ("text/plain", b"\xff", {"data_base64": base64.b64encode(b"\xff").decode()}),
        ("application/octet-stream", b"\x00\x01", {"data_base64": "AAE="}),
        ("application/vnd.shop+json", b'{"a": [1]}', {"data": {"a": [1]}}),
        ("", b"", {}),
    ],
)
def test_data_of_any_type(
    admin: httpx.Client, shop: Shop, content_type: str, body: bytes, expected: dict[str, Any]
) -> None:
    shop.send(shop.placed("1", correlationid=shop.tag))
    event = shop.event("payments", "audited", "1", correlationid=shop.tag)
    headers = {f"ce-{name}": value for name, value in event.items() if name != "data"}

    answer = admin.post("/v1/events", content=body, headers=headers | {"Content-Type": content_type})

    assert answer.status_code == 200, answer.text
    kept = body_of(admin, event)
    assert {name: kept[name] for name in ("data", "data_base64") if name in kept} == expected
    assert kept.get("datacontenttype", "") == content_type


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"specversion": None}, "specversion"),
        ({"id": None}, "id"),
        ({"id": ""}, "id"),
        ({"id": 5.5}, "id"),
        ({"source": None}, "source"),
        ({"source": "a b"}, "source"),
        ({"type": ""}, "type"),
        ({"type": "x" * 251}, "type"),
        ({"time": "yesterday"}, "time"),
        ({"time": "2026-02-30T10:00:00Z"}, "time"),
        ({"time": "2026-02-01T10:00:00"}, "time"),
        ({"dataschema": "relative/path"}, "dataschema"),
        ({"datacontenttype": "json"}, "datacontenttype"),
        ({"subject": ""}, "subject"),
        ({"subject": "a\u0007b"}, "subject"),
        ({"Upper": "x"}, "Upper"),
        ({"with-dash": "x"}, "with-dash"),
        ({"number": 1.5}, "number"),
        ({"number": 2**31}, "number"),
        ({"nested": {"a": 1}}, "nested"),
        ({"data_base64": "AAE="}, "data_base64"),
        ({"data_base64": "?", "data": None}, "data_base64"),
        ({f"x{number}": "x" for number in range(21)}, "20"),
    ],
)
def test_what_the_specification_or_the_store_does_not_allow(
    admin: httpx.Client, shop: Shop, changes: dict[str, Any], named: str
) -> None:
    event = {**shop.placed("1"), **changes}
    if "data" in changes:
        del event["data"]

    answer = admin.post("/v1/events", content=json.dumps(event), headers=STRUCTURED)

    assert answer.status_code == 400, answer.text
    assert named in answer.json()["reason"]
    assert answer.json()["remedy"]
    (in_batch,) = admin.post("/v1/events", content=json.dumps([event]), headers=BATCHED).json()["results"]
    assert (in_batch["verdict"], in_batch["reason"]) == ("refused", answer.json()["reason"])
    assert shop.generations("1") == []


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        (STRUCTURED, b"{"),
        (STRUCTURED, b"[1]"),
        (STRUCTURED, b'{"specversion": NaN}'),
        (STRUCTURED, b"[" * 20_000),
        (BATCHED, b"{}"),
        (BATCHED, b"\xff"),
        ({"Content-Type": "application/cloudevents+xml"}, b"<event/>"),
        ({"Content-Type": "application/json"}, b"{}"),
        ({"ce-specversion": "1.0", "ce-data": "x"}, b"{}"),
        ({"ce-specversion": "1.0", "ce-id": "%ff"}, b"{}"),
        ({"ce-specversion": "1.0", "Content-Type": "application/json"}, b"{"),
    ],
)
def test_a_body_that_carries_no_event(admin: httpx.Client, headers: dict[str, str], content: bytes) -> None:
    answer = admin.post("/v1/events", content=content, headers=headers)

    assert answer.status_code == 400, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["remedy"]


def test_what_no_table_holds_stops_no_other_event(admin: httpx.Client, shop: Shop) -> None:
    hostile = [
        shop.event("payments", "captured", "1", {"amount": "\x00 \ud800"}),
        shop.event("payments", "declined", "\x00"),
        {**shop.placed("1"), "id": "a\x00b"},
        [],
        None,
    ]

    answer = admin.post("/v1/events", content=json.dumps([*hostile, shop.placed("1")]), headers=BATCHED)

    verdicts = [result["verdict"] for result in answer.json()["results"]]
    assert verdicts == ["applied", "refused", "refused", "refused", "refused", "applied"]
    assert shop.states("1") == {"payments.capture": "succeeded", "shop.place": "succeeded"}


def test_limits_of_a_batch(admin: httpx.Client, shop: Shop) -> None:
    many = json.dumps([shop.placed("1")] * 1001)
    large = json.dumps([shop.event("shop", "placed", "1", {"text": "x" * 1_048_576})])

    too_many = admin.post("/v1/events", content=many, headers=BATCHED)
    too_large = admin.post("/v1/events", content=large, headers=BATCHED)

    assert (too_many.status_code, too_large.status_code) == (400, 413)
    assert "1000" in too_many.json()["reason"]
    assert shop.generations("1") == []


def test_who_may_not_send_is_told_and_logged(client: httpx.Client, api_server: ApiServer, shop: Shop) -> None:
    client.headers["Authorization"] = f"Bearer {api_server.token('op')}"

    answer = client.post("/v1/events", json=shop.placed("1"), headers=STRUCTURED)

    assert (answer.status_code, answer.json()["code"]) == (403, "access-denied")
    assert f"user:op may not send events with the source '{shop.source('shop')}'" in answer.json()["reason"]
    assert shop.generations("1") == []
    unknown = {**shop.placed("1"), "source": "https://nobody.example/"}
    assert client.post("/v1/events", json=unknown, headers=STRUCTURED).status_code == 400


def test_without_users_administrators_send(client: httpx.Client, api_server: ApiServer) -> None:
    backend = api_server.backend()
    shop = Shop(backend, users=[]).apply()
    statuses = {}
    for login in ("viewer", "clerk", "op"):
        client.headers["Authorization"] = f"Bearer {api_server.token(login)}"
        statuses[login] = client.post("/v1/events", json=shop.placed("1"), headers=STRUCTURED).status_code
    backend.close()

    assert statuses == {"viewer": 403, "clerk": 403, "op": 200}
