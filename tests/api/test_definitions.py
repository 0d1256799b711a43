"""Definitions over HTTP: the headers, bodies and errors that only this way has."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.support.api_server import ApiServer
from tests.support.world import World


@pytest.fixture
def as_admin(client: httpx.Client, api_server: ApiServer) -> httpx.Client:
    client.headers["Authorization"] = f"Bearer {api_server.token()}"
    return client


@pytest.mark.parametrize(("base", "way"), [("/v1", "api"), ("/ui", "ui")])
def test_who_applied_it_and_which_way_are_told(as_admin: httpx.Client, base: str, way: str) -> None:
    name = World.unique("order")
    body = {"text": f"name: {name}"}

    applied = as_admin.put(f"{base}/definitions/{name}", json=body).json()

    assert (applied["version"]["applied_by"], applied["version"]["way"]) == ("user:admin", way)
    assert as_admin.get(f"{base}/definitions/{name}").json()["version"] == applied["version"]
    forged = as_admin.put(f"{base}/definitions/{name}", json={**body, "actor": "user:other"})
    assert (forged.status_code, forged.json()["code"]) == (400, "invalid-request")


def test_a_write_for_a_version_that_was_looked_at_is_refused_when_another_is_in_force(as_admin: httpx.Client) -> None:
    name = World.unique("order")
    address = f"/v1/definitions/{name}"
    as_admin.put(address, json={"text": f"name: {name}"})
    tag = as_admin.get(address).headers["ETag"]
    assert re.fullmatch(r'"1-[0-9a-f]{16}"', tag)
    assert as_admin.get(address, headers={"If-None-Match": tag}).status_code == 304

    changed = as_admin.put(address, json={"text": f"name: {name}\nplan: [a]"}, headers={"If-Match": tag})
    late = as_admin.put(address, json={"text": f"name: {name}\nplan: [b]"}, headers={"If-Match": tag})

    assert changed.json()["version"]["number"] == 2
    assert (late.status_code, late.json()["code"]) == (412, "definition-changed")
    assert as_admin.get(address).json()["text"] == f"name: {name}\nplan:\n  - a\n"


def test_a_request_sent_again_with_its_key_changes_nothing(as_admin: httpx.Client) -> None:
    name = World.unique("order")
    address, headers = f"/v1/definitions/{name}", {"Idempotency-Key": World.unique("key")}

    first = as_admin.put(address, json={"text": f"name: {name}"}, headers=headers)
    as_admin.put(address, json={"text": f"name: {name}\nplan: [a]"})
    again = as_admin.put(address, json={"text": f"name: {name}"}, headers=headers)

    assert again.json() == first.json()
    assert len(as_admin.get(f"{address}/versions").json()["versions"]) == 2


@pytest.mark.parametrize(
    ("text", "code", "reason"),
    [
        ("name: [", "invalid-definition", "not YAML"),
        ("[" * 250_000, "invalid-definition", "too deep"),
        ("a" * 300_000, "invalid-definition", "characters"),
        ("name: other", "invalid-request", "declares the workflow 'other'"),
    ],
)
def test_a_wrong_text_is_a_400_that_says_what_is_wrong(
    as_admin: httpx.Client, text: str, code: str, reason: str
) -> None:
    name = World.unique("order")
    answer = as_admin.put(f"/v1/definitions/{name}", json={"text": text})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert reason in answer.json()["reason"]
    assert as_admin.get(f"/v1/definitions/{name}").status_code == 404


def test_a_line_for_each_error_is_in_the_problem(as_admin: httpx.Client) -> None:
    answer = as_admin.put("/v1/definitions/order", json={"text": "name: order\nkye: a\non_skip: b"})
    assert answer.json()["reason"].splitlines()[1:] == [
        "2:1: kye: There is no such field here. Did you mean key? Allowed: name, key, starts_on, plan, participants, "
        "deadline, on_deadline, on_failure, on_compensation_error, on_skip, redact.",
        "3:10: on_skip: This is 'b'. Allowed: hold, complete, compensate.",
    ]
