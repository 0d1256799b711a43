"""Someone outside uses a token once, without logging in, and a stranger learns nothing."""

from __future__ import annotations

import hashlib
import secrets

import httpx
import pytest

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.token import CreateToken
from airflow_wfstate.domain.rules.payload import Payload
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World


class Asked:
    """A step that waits for the answer to its token."""

    def __init__(self, rows: AirflowRows) -> None:
        self._world = World(DatabaseBackend(rows.engine), rows)
        run_id = rows.add_run("intake")
        self._world.start(run_id)
        self._begun = self._world.begin(run_id, "ask")[1]
        self._write = 0
        self.token = secrets.token_urlsafe(32)
        self.create()

    def create(self) -> Payload | None:
        """Ask for the token; what was sent with it."""
        self._write += 1
        sha256 = hashlib.sha256(self.token.encode()).hexdigest()
        created = self._world.backend.create_token(
            CreateToken(self._begun.attempt_key, self._write, "callback", sha256, 3600)
        )
        return created.wait.output


@pytest.fixture
def asked(airflow_rows: AirflowRows) -> Asked:
    return Asked(airflow_rows)


@pytest.mark.parametrize(
    ("body", "type_name", "text"),
    [
        (b'{"price": 12.5, "note": "\xc3\xa4"}', "dict", '{"price":12.5,"note":"\\u00e4"}'),
        (b"[1, null]", "list", "[1,null]"),
        (b"", "NoneType", "null"),
    ],
    ids=["object", "list", "nothing"],
)
def test_any_json_is_the_answer(client: httpx.Client, asked: Asked, body: bytes, type_name: str, text: str) -> None:
    answer = client.post(f"/v1/tokens/{asked.token}", content=body)

    assert (answer.status_code, answer.json()) == (200, {"accepted": True})
    kept = asked.create()
    assert kept is not None
    assert (kept.type, kept.text) == (type_name, text)
    assert client.post(f"/v1/tokens/{asked.token}", content=body).status_code == 200  # the vendor sends it again
    assert client.post(f"/v1/tokens/{asked.token}", content=b'"other"').status_code == 404


def test_unknown_and_used_tokens_are_answered_alike(client: httpx.Client, asked: Asked) -> None:
    client.post(f"/v1/tokens/{asked.token}", json="yes")

    used = client.post(f"/v1/tokens/{asked.token}", json="no")
    unknown = client.post(f"/v1/tokens/{secrets.token_urlsafe(32)}", json="no")
    malformed = client.post("/v1/tokens/abc", json="no")

    assert used.status_code == 404
    assert used.text == unknown.text == malformed.text
    assert {name for name in used.headers if name != "date"} == {name for name in unknown.headers if name != "date"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid-request"),
        (b"NaN", 400, "invalid-request"),
        (b"\xff", 400, "invalid-request"),
        (b"[" * 101 + b"]" * 101, 400, "invalid-request"),
        (b'"\\ud800"', 400, "invalid-name"),
        (b'{"__classname__": "os.system"}', 400, "invalid-payload"),  # what would be read as an object of a class
        (b'"' + b"x" * 1_100_000 + b'"', 413, "payload-too-large"),
        (b'"' + b"x" * 3_000_000 + b'"', 413, "payload-too-large"),
    ],
    ids=["broken", "NaN", "not-utf-8", "deep", "surrogate", "a-class", "large", "larger"],
)
def test_a_body_that_cannot_be_kept_leaves_the_token_as_it_was(
    client: httpx.Client, asked: Asked, body: bytes, status: int, code: str
) -> None:
    answer = client.post(f"/v1/tokens/{asked.token}", content=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert asked.create() is None
    assert client.post(f"/v1/tokens/{asked.token}", json="yes").status_code == 200


def test_the_open_address_opens_nothing_else(client: httpx.Client, asked: Asked) -> None:
    assert client.get(f"/v1/tokens/{asked.token}").status_code == 405
    for path in ("/v1/tokens/../workflows", "/v1/tokens/x/../../workflows", "/v1/tokens/%2e%2e/workflows"):
        assert client.get(path).status_code in (401, 404, 405)
