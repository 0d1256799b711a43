"""Bad input over HTTP: each response is a problem that names the thing and the remedy."""

from __future__ import annotations

import httpx
import pytest

from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer


@pytest.fixture
def admin(client: httpx.Client, api_server: ApiServer) -> httpx.Client:
    client.headers["Authorization"] = f"Bearer {api_server.token()}"
    return client


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 20000, b'{"task_instance_id": 1e999}', b"{}"],
)
def test_a_body_that_is_no_request_is_refused(admin: httpx.Client, body: bytes) -> None:
    answer = admin.post("/v1/steps/begin", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["code"] == "invalid-request"
    assert problem["reason"].endswith(".")
    assert problem["remedy"]
    assert "Traceback" not in answer.text


def test_an_unknown_enum_value_names_its_place(admin: httpx.Client) -> None:
    answer = admin.get("/v1/workflows", params={"state": "done"})
    assert answer.status_code == 400
    assert "query.state.0" in answer.json()["reason"]


@pytest.mark.parametrize("parameters", [{"limit": 0}, {"limit": 1001}, {"cursor": "zzz"}, {"limit": "many"}])
def test_a_limit_or_cursor_that_is_none_is_refused(admin: httpx.Client, parameters: dict[str, str]) -> None:
    answer = admin.get("/v1/workflows", params=parameters)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")


def test_an_unknown_path_and_a_wrong_method_are_problems_too(admin: httpx.Client) -> None:
    assert admin.get("/v1/nothing").json()["code"] == "not-found"
    answer = admin.delete("/v1/workflows")
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, HEAD, POST"
    assert admin.get("/v1/steps/begin").headers["Allow"] == "POST"
    assert admin.put("/v1/workflows/complete").headers["Allow"] == "POST"
    assert admin.put("/v1/workflows/x/steps").headers["Allow"] == "GET, HEAD"


def test_head_answers_as_get_does_without_the_body(admin: httpx.Client) -> None:
    for path in ("/v1/workflows", "/ui/workflows", "/v1/health", "/v1/openapi.json", "/v1/nothing", "/v1/workflows/x"):
        got, head = admin.get(path), admin.head(path)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert head.headers["Content-Type"] == got.headers["Content-Type"]
    assert admin.head("/v1/steps/begin").status_code == 405


def test_head_asks_for_a_token_too(client: httpx.Client) -> None:
    assert client.head("/v1/workflows").status_code == 401


@pytest.mark.parametrize("path", ["/v1/workflows/", "/ui/workflows/", "/v1/health/"])
def test_no_path_leads_to_where_the_request_says_that_it_is(admin: httpx.Client, path: str) -> None:
    answer = admin.get(path, headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert "Location" not in answer.headers


@pytest.mark.parametrize("key", ["", " ", "x" * 251, "a\x00b"])
def test_a_key_that_is_no_name_is_refused(admin: httpx.Client, key: str, airflow_rows: AirflowRows) -> None:
    text = "{}"
    payload = {
        "type": "dict",
        "text": text,
        "size": 2,
        "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    }
    answer = admin.post(
        "/v1/workflows",
        json={"task_instance_id": airflow_rows.running_task(), "name": "order", "key": key, "input": payload},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-name")


def test_health_and_description_answer(admin: httpx.Client) -> None:
    health = admin.get("/v1/health")
    assert health.status_code == 200
    assert "open_workflows" in health.json()
    description = admin.get("/v1/openapi.json").json()
    assert "/v1/steps/begin" in description["paths"]
    assert not any(path.startswith("/ui") for path in description["paths"])
    assert admin.get("/v1/docs").status_code == 200


def test_the_bundle_is_served_as_a_script(client: httpx.Client) -> None:
    answer = client.get("/ui/static/main.umd.cjs")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/javascript")
