"""What the API backend does when the server does not answer, is busy, or refuses its token."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.credentials import StaticToken, UserToken
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.exceptions import (
    AccessDenied,
    DatabaseUnavailable,
    InvalidRequest,
    LoginRefused,
    PayloadTooLarge,
    ReadTimedOut,
    ServerUnreachable,
)
from airflow_wfstate.operators.steps.refusal import failing_for_good
from tests.support.scripted_server import Answer, ScriptedServer, jwt_that_ends_in, scripted_server

NOTHING: dict[str, object] = {"workflows": [], "next_cursor": None}
UNAVAILABLE = {
    "type": "urn:wfstate:database-unavailable",
    "code": "database-unavailable",
    "reason": "The database did not answer.",
    "remedy": "Check it.",
}
PROBLEM = "application/problem+json"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__WFSTATE__API_RETRY_SECONDS", "1")


class Scenario:
    """Gives these answers in turn, and repeats the last one. Tokens are numbered."""

    def __init__(self, *answers: Answer, token_lasts: float = 3600) -> None:
        self.answers = list(answers)
        self.token_lasts = token_lasts
        self.tokens = 0

    def __call__(self, path: str, token: str) -> Answer:
        if path == "/auth/token":
            self.tokens += 1
            return Answer(201, {"access_token": jwt_that_ends_in(self.token_lasts, str(self.tokens))})
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def listing(server: ScriptedServer) -> Iterator[None]:
    """List twice, as a user."""
    backend = ApiBackend(server.url, UserToken(server.url, "a", "b"), configured_by="the connection")
    try:
        for _ in range(2):
            backend.list_workflows(WorkflowQuery())
            yield
    finally:
        backend.close()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__WFSTATE__API_RETRY_SECONDS", "30")  # a busy machine may need more than a second
    with scripted_server(Scenario(Answer(status), Answer(status), Answer(200, NOTHING))) as server:
        next(listing(server))
    assert [path for _, path, _ in server.seen] == ["/auth/token", *["/wfstate/v1/workflows"] * 3]


def test_a_database_that_stays_away_is_named_when_the_patience_ends() -> None:
    with (
        scripted_server(Scenario(Answer(503, UNAVAILABLE, PROBLEM))) as server,
        pytest.raises(DatabaseUnavailable, match=r"The database did not answer\. Check it\."),
    ):
        next(listing(server))


def test_a_read_that_took_too_long_is_not_asked_for_again() -> None:
    problem = {"type": "urn:wfstate:read-timed-out", "reason": "It took too long.", "remedy": "Ask for less."}
    with (
        scripted_server(Scenario(Answer(504, problem, PROBLEM))) as server,
        pytest.raises(ReadTimedOut, match="Ask for less"),
    ):
        next(listing(server))
    assert [path for _, path, _ in server.seen] == ["/auth/token", "/wfstate/v1/workflows"]


@pytest.mark.parametrize("refusal", [Answer(401), Answer(403, {"detail": "Invalid JWT token"})])
def test_a_refused_token_is_renewed_once(refusal: Answer) -> None:
    with scripted_server(Scenario(Answer(200, NOTHING), refusal, Answer(200, NOTHING))) as server:
        listings = listing(server)
        next(listings)
        next(listings)
    assert [path for _, path, _ in server.seen].count("/auth/token") == 2
    assert server.seen[1][2] != server.seen[-1][2]


def test_a_token_that_stays_refused_is_an_error() -> None:
    with scripted_server(Scenario(Answer(401))) as server, pytest.raises(AccessDenied, match="the connection"):
        next(listing(server))
    assert len(server.seen) == 2


def test_a_token_is_renewed_before_it_ends() -> None:
    with scripted_server(Scenario(Answer(200, NOTHING), token_lasts=30)) as server:
        listings = listing(server)
        next(listings)
        next(listings)
    assert [path for _, path, _ in server.seen].count("/auth/token") == 2


def test_a_wrong_password_names_the_login() -> None:
    with (
        scripted_server(lambda path, token: Answer(401, {"detail": "Invalid credentials"})) as server,
        pytest.raises(LoginRefused, match="no token for the login 'a'"),  # not final: a retry may find it corrected
        failing_for_good(),
    ):
        next(listing(server))


def test_a_proxy_that_takes_no_large_bodies_is_named() -> None:
    with (
        scripted_server(Scenario(Answer(413, {"html": "413 Request Entity Too Large"}))) as server,
        pytest.raises(PayloadTooLarge, match="client_max_body_size"),
    ):
        next(listing(server))


def test_a_server_without_the_plugin_says_so() -> None:
    with (
        scripted_server(Scenario(Answer(404, {"detail": "Not Found"}))) as server,
        pytest.raises(ServerUnreachable, match=r"no wfstate plugin.*install airflow-provider-wfstate"),
    ):
        next(listing(server))


def test_another_page_than_an_api_is_no_answer() -> None:
    with (
        scripted_server(Scenario(Answer(200, "<html>"))) as server,
        pytest.raises(ServerUnreachable, match="did not answer with a WorkflowPage"),
    ):
        next(listing(server))


@pytest.mark.parametrize("url", ["ftp://localhost", "localhost", "http://localhost:many"])
def test_a_url_that_leads_nowhere_is_refused_at_once(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AIRFLOW__WFSTATE__API_RETRY_SECONDS", "3600")
    with pytest.raises(ServerUnreachable, match="the connection"):
        ApiBackend(url, StaticToken("t"), configured_by="the connection").check()


def test_a_server_that_hangs_is_left_after_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__WFSTATE__API_TIMEOUT_SECONDS", "0.2")
    with socket.socket() as silent:  # accepts connections, and never answers
        silent.bind(("localhost", 0))
        silent.listen()
        url = f"http://localhost:{silent.getsockname()[1]}"
        backend = ApiBackend(url, UserToken(url, "a", "b"), configured_by="the connection")
        with pytest.raises(ServerUnreachable, match="ReadTimeout"):
            backend.check()
        backend.close()


def test_what_cannot_be_put_into_a_url_is_refused() -> None:
    backend = ApiBackend("http://localhost", StaticToken("t"), configured_by="the connection")
    with pytest.raises(InvalidRequest, match="lone surrogate"):
        backend.list_workflows(WorkflowQuery(key="\ud800"))
    backend.close()
