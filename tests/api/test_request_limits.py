"""Requests that are too large, too deep, or contain text that no table can hold are refused, and never cause a 500."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from airflow_wfstate.api.parameters import LISTS
from airflow_wfstate.backends.operations import OPERATIONS
from airflow_wfstate.domain.messages.asked import asked_fields
from airflow_wfstate.domain.rules.payload import MAX_DEPTH
from tests.conftest import CHECKOUT
from tests.support.api_server import ApiServer

NO_WORKFLOW = "00000000-0000-7000-8000-000000000000"
LIMIT = 2 * 1_048_576 + 64 * 1024


@pytest.fixture
def admin(client: httpx.Client, api_server: ApiServer) -> httpx.Client:
    client.headers["Authorization"] = f"Bearer {api_server.token('admin')}"
    return client


def payload(text: str) -> dict[str, object]:
    return {"type": "list", "text": text, "size": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest()}


def start(airflow_rows: Any, **fields: object) -> dict[str, object]:
    run_id = airflow_rows.add_run("orders")
    task = airflow_rows.add_task("orders", run_id, "start")
    return {"task_instance_id": task, "name": "order", "key": run_id, "input": payload("{}"), **fields}


@contextmanager
def head_of_a_request(api_server: ApiServer, token: str | None, *headers: str) -> Iterator[socket.socket]:
    """A connection on which the head of a POST was sent, and nothing of its body."""
    url = httpx.URL(api_server.url)
    authorization = [] if token is None else [f"Authorization: Bearer {token}"]
    head = ["POST /wfstate/v1/steps/begin HTTP/1.1", f"Host: {url.host}", *authorization, *headers]
    with socket.create_connection((url.host, url.port or 80), timeout=30) as connection:
        connection.sendall("\r\n".join([*head, "Content-Type: application/json", "", ""]).encode())
        yield connection


def status_of(connection: socket.socket) -> int:
    return int(connection.makefile("rb").readline().split()[1])


def test_a_body_that_says_that_it_is_too_large_is_not_read(api_server: ApiServer) -> None:
    token = api_server.token("admin")
    for length in (LIMIT + 1, 10**18):
        with head_of_a_request(api_server, token, f"Content-Length: {length}") as connection:
            assert status_of(connection) == 413


def test_a_stranger_learns_nothing_of_limits(api_server: ApiServer) -> None:
    with head_of_a_request(api_server, None, f"Content-Length: {LIMIT + 1}") as connection:
        assert status_of(connection) == 401


def test_a_body_of_unknown_length_is_read_as_far_as_it_may_go(api_server: ApiServer) -> None:
    token = api_server.token("admin")
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with head_of_a_request(api_server, token, "Transfer-Encoding: chunked") as connection:
        for _ in range(LIMIT // 0x10000 + 1):
            connection.sendall(chunk)
        assert status_of(connection) == 413  # and nothing says that the body has ended


def test_the_largest_payload_goes_through(admin: httpx.Client, airflow_rows: Any) -> None:
    quotes = "[" + ",".join(['""'] * ((1_048_576 - 2) // 3)) + "]"
    answer = admin.post("/v1/workflows", json=start(airflow_rows, input=payload(quotes)))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 900, 100_000])
def test_what_nests_too_deep_is_refused(admin: httpx.Client, airflow_rows: Any, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    inside = admin.post("/v1/workflows", json=start(airflow_rows, input=payload(deep)))
    outside = admin.post("/v1/workflows", content=deep, headers={"Content-Type": "application/json"})
    assert (inside.status_code, inside.json()["code"]) == (400, "invalid-payload")
    assert (outside.status_code, outside.json()["code"]) == (400, "invalid-request")


def test_what_nests_as_deep_as_it_may_is_kept(admin: httpx.Client, airflow_rows: Any) -> None:
    for deep in ("[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH, '{"a":' * MAX_DEPTH + "1" + "}" * MAX_DEPTH):
        answer = admin.post("/v1/workflows", json=start(airflow_rows, input=payload(deep)))
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "text",
    ["NaN", "[Infinity]", "-Infinity", '{"$numberDouble":"abc"}', "9" * 5000, "", "[", '"\\ud800', "01", "'a'", "é"],
)
def test_a_payload_that_is_no_json_is_refused(admin: httpx.Client, airflow_rows: Any, text: str) -> None:
    answer = admin.post("/v1/workflows", json=start(airflow_rows, input=payload(text)))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-payload"), answer.text


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "\udc00\ud800"])
@pytest.mark.parametrize("field", ["name", "key", "task_instance_id", "correlation_id", "idempotency_key"])
def test_text_that_no_table_holds_is_refused(admin: httpx.Client, airflow_rows: Any, field: str, text: str) -> None:
    body = json.dumps(start(airflow_rows) | {field: text})
    answer = admin.post("/v1/workflows", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b'{"name": "\xed\xa0\x80"}',
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b"1e999",
        b"{}{}",
        b'{"a":' + b"9" * 5000,
    ],
)
def test_a_body_that_is_none_is_refused(admin: httpx.Client, content: bytes) -> None:
    for path in ("/v1/workflows", "/v1/steps/begin", "/v1/steps/end", "/v1/compensations/turn"):
        answer = admin.post(path, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, answer.text


@pytest.mark.parametrize(
    "query",
    [
        "key=a%00b",
        "name=%00",
        "cursor=%00",
        "label=%00=1",
        "key_prefix=%ed%a0%80",
        "since=2026-01-01",
        "since=0001-01-01T00:00:00%2B14:00",
        "until=9999-12-31T23:59:59-14:00",
        "limit=0",
        "limit=1" + "0" * 30,
        "limit=-1",
        "limit=1e3",
        "sort=size",
        "state=none",
        "stuck=maybe",
        "label=region",
        "cursor=WzEsMiwzXQ",
    ],
)
def test_parameters_that_make_no_sense_are_refused(admin: httpx.Client, query: str) -> None:
    answer = admin.get(f"/v1/workflows?{query}")
    if query == "key_prefix=%ed%a0%80":  # is decoded to replacement characters, which no key has
        assert answer.json()["workflows"] == []
        return
    assert answer.status_code == 400, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "text",
    ["' OR 1=1 --", "'; DROP TABLE wfstate_workflow; --", "%", "_", "\\", "{{ 7 * 7 }}", "<script>alert(1)</script>"],
)
def test_text_is_text_in_every_filter(admin: httpx.Client, airflow_rows: Any, text: str) -> None:
    """Nothing that was given becomes SQL or a template."""
    body = start(airflow_rows, name=text, key=text, correlation_id=text, labels={text: text} if "=" not in text else {})
    assert admin.post("/v1/workflows", json=body).status_code == 200
    for name in ("name", "key", "key_prefix", "search", "correlation_id", "label"):
        if name == "label" and not body["labels"]:
            continue
        asked = f"{text}={text}" if name == "label" else text
        found = admin.get("/v1/workflows", params={name: asked}).json()["workflows"]
        assert text in [workflow["name"] for workflow in found], name
        if name in ("key_prefix", "search"):  # other tests may have left such keys
            assert all(workflow["key"].startswith(text) for workflow in found), name
        else:
            assert [workflow["name"] for workflow in found] == [text], name
    assert admin.get("/v1/workflows", params={"dag_id": text}).json()["workflows"] == []


@pytest.mark.parametrize("query", ["key=a&key=b", "limit=1&limit=1", "key_prefix=v&key_prefix=Inf"])
def test_a_parameter_that_means_one_thing_is_given_once(admin: httpx.Client, query: str) -> None:
    for path in ("/v1/workflows", "/ui/workflows"):
        answer = admin.get(f"{path}?{query}")
        assert answer.status_code == 400
        assert answer.json()["remedy"] == "Give it once."


@pytest.mark.parametrize("name", sorted(LISTS))
def test_a_list_has_a_limit(admin: httpx.Client, name: str) -> None:
    values = [f"n{number}=v" if name in ("label", "rename") else f"v{number}" for number in range(LISTS[name] + 1)]
    operation = next(one for one in OPERATIONS if name in [field.parameter for field in asked_fields(one.request)])
    path = f"/v1{operation.path}".replace("{workflow_id}", NO_WORKFLOW)
    answer = admin.get(path, params={name: values})

    assert answer.status_code == 400
    assert answer.json()["remedy"] == f"Give it at most {LISTS[name]} times."


def test_two_values_for_one_label_are_refused(admin: httpx.Client) -> None:
    answer = admin.get("/v1/workflows", params={"label": ["region=eu", "region=us"]})

    assert answer.status_code == 400
    assert answer.json()["remedy"] == "Ask for one of them."


def test_what_may_be_given_several_times_is_what_the_document_calls_a_list() -> None:
    document = json.loads((CHECKOUT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    parameters = [
        parameter
        for operations in document["paths"].values()
        for operation in operations.values()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query"
    ]
    assert {one["name"] for one in parameters if '"array"' in json.dumps(one["schema"])} == set(LISTS)


def test_a_mistyped_parameter_is_refused_and_not_passed_over(admin: httpx.Client) -> None:
    for path, named in (
        ("/v1/workflows?stat=failed", "step_state"),
        ("/v1/health?full=1", "this URL has no parameters"),
    ):
        answer = admin.get(path)
        assert answer.status_code == 400, path
        assert "There is no parameter" in answer.json()["reason"]
        assert named in answer.json()["remedy"]


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("cancel", {"compansate": True}),
        ("compensate", {"raeson": "no money"}),
        ("resume", {"if_verison": 1}),
        ("restart", {"from_step": "pay", "form_step": "ship"}),
        ("compensation", {"step": "pay", "decision": "skip", "reason": "gone", "ruond": 1}),
        ("cancel", {"if_version": True}),  # 1, to a library that converts
        ("cancel", {"compensate": "yes"}),
        ("resume", {"deadline_seconds": "60"}),
    ],
)
def test_a_mistyped_field_of_an_action_is_refused(
    admin: httpx.Client, airflow_rows: Any, action: str, body: dict[str, object]
) -> None:
    workflow = admin.post("/v1/workflows", json=start(airflow_rows)).json()["workflow"]

    answer = admin.post(f"/v1/workflows/{workflow['id']}/{action}", json=body)
    in_query = admin.post(f"/v1/workflows/{workflow['id']}/cancel?compensate=true", json={})

    assert (answer.status_code, in_query.status_code) == (400, 400)
    assert admin.get(f"/v1/workflows/{workflow['id']}").json()["summary"]["state"] == "running"
