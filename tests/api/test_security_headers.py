"""What browsers are told about every response."""

from __future__ import annotations

import base64
import hashlib
import re

import httpx
import pytest

from airflow_wfstate.api.middleware.security_headers import HEADERS
from airflow_wfstate.exceptions import NotFound
from tests.support.api_server import ApiServer


@pytest.fixture
def viewer(client: httpx.Client, api_server: ApiServer) -> httpx.Client:
    client.headers["Authorization"] = f"Bearer {api_server.token('viewer')}"
    return client


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/workflows", 200),
        ("GET", "/ui/workflows", 200),
        ("GET", "/v1/openapi.json", 200),
        ("GET", "/v1/workflows/none", 404),
        ("GET", "/v1/nothing", 404),
        ("GET", "/nothing", 404),
        ("DELETE", "/v1/workflows", 405),
        ("POST", "/v1/steps/begin", 400),
        ("POST", "/v1/sweep", 403),
    ],
)
def test_data_and_errors_have_the_headers(viewer: httpx.Client, method: str, path: str, status: int) -> None:
    answer = viewer.request(method, path)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_the_anonymous_get_them_too(client: httpx.Client) -> None:
    answer = client.get("/v1/workflows")
    assert answer.status_code == 401
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_the_bundle_keeps_its_own_cache_control(client: httpx.Client) -> None:
    answer = client.get("/ui/static/main.umd.cjs")
    assert answer.headers.get_list("Cache-Control") == ["no-cache"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_docs_may_load_what_they_name_and_nothing_else(viewer: httpx.Client, api_server: ApiServer) -> None:
    answer = viewer.get("/v1/docs")
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))

    (script,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy["script-src"]
    assert "unsafe-inline" not in policy["script-src"]
    assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'none'")
    allowed = {"script": "script-src", "link": "style-src"}
    hosts = re.findall(r'<(script|link)[^>]*(?:src|href)="(https://[^/"]+)/[^"]*\.(?:js|css)"', answer.text)
    assert {tag for tag, _ in hosts} == set(allowed)
    assert [host for tag, host in hosts if host not in policy[allowed[tag]]] == []
    (icon,) = re.findall(r'rel="shortcut icon" href="(https://[^/"]+)', answer.text)
    assert icon in policy["img-src"]

    airflows = httpx.get(f"{api_server.url}/docs", timeout=30).text
    assert [host for _, host in hosts if host not in airflows] == []


def test_airflows_option_turns_the_docs_off(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_wfstate.api.routes.description import get_docs

    assert get_docs().status_code == 200
    monkeypatch.setenv("AIRFLOW__API__ENABLE_SWAGGER_UI", "False")
    with pytest.raises(NotFound, match="enable_swagger_ui"):
        get_docs()
