"""The api-server's address from the fields of a connection, and the proxies of the environment."""

from __future__ import annotations

import pytest
from airflow.sdk import Connection

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.credentials import StaticToken
from airflow_wfstate.exceptions import InvalidRequest, NotAuthenticated, ServerUnreachable
from airflow_wfstate.hooks.server_address import server_url
from tests.support.scripted_server import Answer, scripted_server


@pytest.mark.parametrize(
    ("host", "schema", "port", "url"),
    [
        ("https://airflow.example.com", None, None, "https://airflow.example.com"),
        ("https://airflow.example.com/company/", None, None, "https://airflow.example.com/company"),
        ("https://airflow.example.com/company", None, 8443, "https://airflow.example.com:8443/company"),
        ("HTTP://Airflow:8080/", None, 8080, "http://airflow:8080"),
        ("airflow", None, None, "http://airflow"),
        ("airflow/company/", "https", 8443, "https://airflow:8443/company"),
        ("::1", None, 8080, "http://[::1]:8080"),
        ("[::1]", "https", None, "https://[::1]"),
        ("2001:db8::2/company", "https", 8443, "https://[2001:db8::2]:8443/company"),
        ("http://[::1]:8080/company", None, None, "http://[::1]:8080/company"),
    ],
)
def test_the_address_of_a_connection(host: str, schema: str | None, port: int | None, url: str) -> None:
    assert server_url(Connection(conn_id="c", conn_type="wfstate", host=host, schema=schema, port=port)) == url


@pytest.mark.parametrize(
    ("host", "port", "complaint"),
    [
        ("ftp://airflow", None, "its scheme is 'ftp'"),
        ("http://", None, "names no host"),
        ("http://airflow?x=1", None, "has a query"),
        ("http://airflow:8080", 9090, "its port is 8080, but the connection's port field is 9090"),
        ("http://airflow:port", None, "is not a valid URL"),
        ("http://[::1", None, "is not a valid URL"),
        ("http://me:secret@airflow", None, "contains a login"),
    ],
)
def test_a_host_that_makes_no_address_is_refused(host: str, port: int | None, complaint: str) -> None:
    with pytest.raises(InvalidRequest, match=complaint) as raised:
        server_url(Connection(conn_id="c", conn_type="wfstate", host=host, port=port))
    assert "secret" not in str(raised.value)


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server(lambda path, token: Answer(200, {"open_workflows": 3})) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        backend = ApiBackend("http://airflow.invalid", StaticToken("t"), configured_by="the test")
        assert backend.check() == "http://airflow.invalid/wfstate/v1 answered; 3 open workflows"
        backend.close()
        assert proxy.seen == [("GET", "http://airflow.invalid/wfstate/v1/health", "t")]


def test_a_line_break_at_the_end_of_a_token_is_left_out() -> None:
    with scripted_server(lambda path, token: Answer(200, {})) as server:
        backend = ApiBackend(server.url, StaticToken("eyJ.abc\r\n"), configured_by="the test")
        backend.check()
        backend.close()
    assert [token for _, _, token in server.seen] == ["eyJ.abc"]


@pytest.mark.parametrize("token", ["eyJ.one\neyJ.two", "Bearer eyJ.one", "eyJ.\u00e4", "eyJ.\x1b[1m", "'eyJ.one \x00"])
def test_a_token_that_is_none_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(NotAuthenticated, match="login --print-token") as raised:
        StaticToken(token)
    assert "eyJ" not in str(raised.value)


def test_no_proxy_is_used_for_a_host_that_is_excepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:1")
    monkeypatch.setenv("NO_PROXY", "localhost")
    with scripted_server(lambda path, token: Answer(200, {})) as server:
        backend = ApiBackend(server.url, StaticToken("t"), configured_by="the test")
        assert backend.check() == f"{server.url}/wfstate/v1 answered"
        backend.close()


@pytest.mark.parametrize("proxy", ["gopher://proxy:1", "socks5://proxy:1"])
def test_a_proxy_of_an_unknown_kind_is_no_traceback(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(ServerUnreachable, match="cannot be called"):
        ApiBackend("http://airflow.invalid", StaticToken("t"), configured_by="the test")
