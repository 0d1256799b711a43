"""A client and an api-server of two versions of the package: what is sent, and what is said when it is not understood.

``make compat`` runs the whole contract across two installed wheels.
"""

from __future__ import annotations

import json

import httpx
import pytest

from airflow_wfstate import __version__
from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.codec import encode
from airflow_wfstate.backends.credentials import StaticToken
from airflow_wfstate.backends.other_version import VERSION_HEADER, other_version
from airflow_wfstate.domain.messages.workflow import StartWorkflow
from airflow_wfstate.exceptions import InvalidRequest, NotFound, WorkflowNotFound
from tests.support.api_server import ApiServer
from tests.support.scripted_server import Answer, scripted_server

_ID = "0190b0a0-0000-7000-8000-000000000000"
_PROBLEM = "application/problem+json"


def _problem(code: str, reason: str, remedy: str) -> dict[str, str]:
    return {"type": f"urn:wfstate:{code}", "reason": reason, "remedy": remedy}


def test_what_has_its_default_is_not_sent() -> None:
    """An older server may not know the field, or not the value that is now its default."""
    refused = Answer(400, _problem("invalid-request", "No.", ""), _PROBLEM)
    with scripted_server(lambda *_: refused) as server:
        backend = ApiBackend(server.url, StaticToken("t"), configured_by="the test")
        with pytest.raises(InvalidRequest):
            backend.start_workflow(StartWorkflow("task", "order", "42", encode({"id": 1}), labels={"tier": "gold"}))
        backend.close()

    sent = set(json.loads(server.bodies[0])) - {"idempotency_key"}  # that the client generates for each call
    assert sent == {"task_instance_id", "name", "key", "input", "labels"}


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [(404, "not-found", NotFound), (400, "invalid-request", InvalidRequest)],
)
def test_a_request_that_an_older_server_does_not_know_is_refused_with_both_versions(
    status: int, code: str, error: type[Exception]
) -> None:
    body = _problem(code, "GET /wfstate/v1/workflows: Not Found.", "See /wfstate/v1/openapi.json for what there is.")
    with scripted_server(lambda *_: Answer(status, body, _PROBLEM)) as server:
        backend = ApiBackend(server.url, StaticToken("t"), configured_by="the test")
        with pytest.raises(error, match=rf"an older version of airflow-provider-wfstate.* {__version__}.*Upgrade"):
            backend.get_workflow(_ID)
        backend.close()


def test_what_a_server_understands_and_refuses_says_nothing_of_versions() -> None:
    body = _problem("workflow-not-found", "There is no workflow.", "Look for it with: airflow wfstate list")
    with scripted_server(lambda *_: Answer(404, body, _PROBLEM)) as server:
        backend = ApiBackend(server.url, StaticToken("t"), configured_by="the test")
        with pytest.raises(WorkflowNotFound) as caught:
            backend.get_workflow(_ID)
        backend.close()

    assert str(caught.value) == "There is no workflow. Look for it with: airflow wfstate list"


def test_the_version_that_a_server_tells_is_named_unless_it_is_the_same() -> None:
    remedy = "Correct it as /wfstate/v1/openapi.json describes."
    assert other_version(remedy, __version__) == ""
    assert "version 0.0.9 of airflow-provider-wfstate" in other_version(remedy, "0.0.9")


def test_every_answer_tells_the_servers_version(api_server: ApiServer) -> None:
    for path in ("/wfstate/v1/workflows", "/wfstate/v1/nothing"):
        assert httpx.get(f"{api_server.url}{path}", timeout=30).headers[VERSION_HEADER] == __version__
