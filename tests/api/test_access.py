"""Who may do what: anonymous callers, tasks by their token, users by their role."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from datetime import datetime, timezone

import httpx
import jwt
import pytest
from sqlalchemy import insert

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.codec import encode
from airflow_wfstate.backends.credentials import StaticToken, TaskToken
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.reading.graph import Structure
from airflow_wfstate.domain.messages.step import BeginStep, EndAttempt
from airflow_wfstate.domain.messages.workflow import StartWorkflow
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.exceptions import AccessDenied, InvalidAttemptKey, NotAuthenticated, WorkflowNotFound
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook
from airflow_wfstate.store.database import schema
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import JWT_SECRET, ApiServer
from tests.support.shop import open_order
from tests.support.world import World


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", JWT_SECRET)


def as_task(server: ApiServer, task_instance_id: str) -> ApiBackend:
    return ApiBackend(server.url, TaskToken(task_instance_id), configured_by="the test")


@pytest.fixture
def task(airflow_rows: AirflowRows) -> str:
    return airflow_rows.running_task()


@pytest.fixture
def task_backend(api_server: ApiServer, task: str) -> Iterator[ApiBackend]:
    backend = as_task(api_server, task)
    yield backend
    backend.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/workflows"),
        ("GET", "/v1/workflows"),
        ("GET", "/v1/workflows/0190b0a0-0000-7000-8000-000000000000"),
        ("GET", "/v1/workflows/0190b0a0-0000-7000-8000-000000000000/journal"),
        ("POST", "/v1/workflows/complete"),
        ("POST", "/v1/workflows/0190b0a0-0000-7000-8000-000000000000/cancel"),
        ("GET", "/v1/workflows/0190b0a0-0000-7000-8000-000000000000/cancel-plan"),
        ("POST", "/v1/workflows/0190b0a0-0000-7000-8000-000000000000/resume"),
        ("POST", "/v1/workflows/0190b0a0-0000-7000-8000-000000000000/restart"),
        ("GET", "/v1/workflows/0190b0a0-0000-7000-8000-000000000000/resume-plan"),
        ("POST", "/v1/steps/begin"),
        ("POST", "/v1/steps/checkpoint"),
        ("POST", "/v1/steps/record"),
        ("POST", "/v1/steps/records"),
        ("POST", "/v1/steps/end"),
        ("POST", "/v1/steps/child-run"),
        ("POST", "/v1/compensations/turn"),
        ("POST", "/v1/compensations/end"),
        ("GET", "/v1/health"),
        ("POST", "/v1/sweep"),
        ("GET", "/v1/openapi.json"),
        ("GET", "/v1/docs"),
        ("GET", "/ui/workflows"),
        ("GET", "/ui/workflows/0190b0a0-0000-7000-8000-000000000000"),
        ("GET", "/ui/workflows/0190b0a0-0000-7000-8000-000000000000/journal"),
    ],
)
def test_nothing_is_for_the_anonymous(client: httpx.Client, method: str, path: str) -> None:
    answer = client.request(method, path, json={} if method == "POST" else None)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "not-authenticated"


@pytest.mark.parametrize("token", ["", "x"])
def test_a_strangers_body_is_not_even_parsed(client: httpx.Client, token: str) -> None:
    for path in ("/v1/steps/begin", "/v1/workflows", "/v1/nothing", "/ui/nothing"):
        answer = client.post(path, content=b"{", headers={"Authorization": f"Bearer {token}"} if token else {})
        assert (answer.status_code, answer.json()["code"]) == (401, "not-authenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/redoc"])
def test_fastapi_describes_nothing_by_itself(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def forged(claims: str) -> str:
    """A token with these claims, as JSON, and a signature that is not valid."""
    parts = ('{"alg":"HS512","typ":"JWT"}', claims, "signature")
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a.b.c",
        "\xe9.\xff.\x80",
        jwt.encode({"aud": "urn:airflow.apache.org:task"}, "k" * 64),
        forged('{"aud": 5}'),
        forged('{"aud": null}'),
        forged('{"aud": [5, {"a": []}]}'),
        forged('{"aud": {"urn:airflow.apache.org:task": 1}}'),
        forged('["aud"]'),
        forged("7"),
        forged('{"aud": ' + "[" * 20_000 + "]" * 20_000 + "}"),
        forged('{"aud": "urn:airflow.apache.org:task", "exp": 1e400}'),
    ],
    ids=lambda token: token[:40].encode("ascii", "replace").decode(),
)
def test_a_token_that_does_not_hold_is_refused(client: httpx.Client, token: str) -> None:
    answer = client.get("/v1/health", headers={"Authorization": f"Bearer {token}".encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (401, "not-authenticated")


def test_a_token_of_another_scope_is_refused(client: httpx.Client, task: str) -> None:
    claims = {"aud": "urn:airflow.apache.org:task", "scope": "workload", "sub": task, "exp": 2**31, "iat": 1, "nbf": 1}
    token = jwt.encode(claims, JWT_SECRET, "HS512")
    assert client.get("/v1/health", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_task_acts_for_itself_alone(
    api_server: ApiServer, task_backend: ApiBackend, task: str, airflow_rows: AirflowRows
) -> None:
    begun = task_backend.begin_step(BeginStep(task, "pay"))
    other = airflow_rows.running_task()
    with pytest.raises(AccessDenied, match="only for itself"):
        task_backend.begin_step(BeginStep(other, "pay"))
    other_backend = as_task(api_server, other)
    with pytest.raises(AccessDenied):
        other_backend.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.SKIPPED))
    with pytest.raises(WorkflowNotFound):
        other_backend.get_workflow(begun.workflow.id)
    with pytest.raises(WorkflowNotFound):
        other_backend.read_journal(begun.workflow.id)
    other_backend.close()
    assert task_backend.get_workflow(begun.workflow.id).summary.id == begun.workflow.id
    with pytest.raises(AccessDenied):
        task_backend.list_workflows(WorkflowQuery())


def test_a_trigger_reaches_the_store_for_its_own_task_instance(
    api_server: ApiServer, task_backend: ApiBackend, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the triggerer: the database is blocked, there is no context, and the secret is available."""
    begun = task_backend.begin_step(BeginStep(task, "pay"))
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "airflow-db-not-allowed:///")
    monkeypatch.setenv("AIRFLOW__WFSTATE__API_URL", api_server.url)

    backend = WorkflowStateHook(task_instance_id=task).get_conn()

    assert backend.get_workflow(begun.workflow.id).summary.id == begun.workflow.id
    assert isinstance(backend, ApiBackend)
    backend.close()


def test_a_key_that_the_store_did_not_issue_is_refused(task_backend: ApiBackend, task: str) -> None:
    key = task_backend.begin_step(BeginStep(task, "pay")).attempt_key
    forged = key[:-1] + ("0" if key[-1] != "0" else "1")
    for wrong in (forged, "nonsense", ""):
        with pytest.raises(InvalidAttemptKey):
            task_backend.end_attempt(EndAttempt(wrong, 1, StepState.SKIPPED))


def test_a_viewer_reads_and_does_not_write(api_server: ApiServer, task: str) -> None:
    viewer = api_server.backend("viewer")
    with pytest.raises(AccessDenied, match=r"viewer.* may not change runs of the DAG orders"):
        viewer.start_workflow(StartWorkflow(task, "order", str(uuid.uuid4()), encode({})))
    operator = api_server.backend("op")
    started = operator.start_workflow(StartWorkflow(task, "order", str(uuid.uuid4()), encode({"id": 1})))
    detail = viewer.get_workflow(started.workflow.id)
    assert detail.input is not None
    viewer.close()
    operator.close()


def test_a_user_of_one_dag_sees_its_workflows_and_its_payloads(
    api_server: ApiServer, api_backend: ApiBackend, airflow_rows: AirflowRows
) -> None:
    key = str(uuid.uuid4())
    run_id = airflow_rows.add_run("orders")
    owner = airflow_rows.add_task("orders", run_id, "pay")
    started = api_backend.start_workflow(StartWorkflow(owner, "order", key, encode({"id": 1}), participants=["ledger"]))
    paid = api_backend.begin_step(BeginStep(owner, "pay"))
    api_backend.end_attempt(EndAttempt(paid.attempt_key, 1, StepState.SUCCEEDED, output=encode("card 1234")))

    clerk = api_server.backend("clerk")
    with pytest.raises(WorkflowNotFound):
        clerk.get_workflow(started.workflow.id)
    with pytest.raises(WorkflowNotFound):
        clerk.read_journal(started.workflow.id)
    with pytest.raises(AccessDenied, match="may not change runs of the DAG orders"):
        clerk.end_attempt(EndAttempt(paid.attempt_key, 1, StepState.SUCCEEDED, output=encode(2)))

    guest = airflow_rows.running_task("ledger")
    clerk.start_workflow(StartWorkflow(guest, "order", key, encode({"id": 1})))
    booked = clerk.begin_step(BeginStep(guest, "book"))
    clerk.end_attempt(EndAttempt(booked.attempt_key, 1, StepState.SUCCEEDED, output=encode("booked")))

    detail = clerk.get_workflow(started.workflow.id)
    outputs = {step.name: step.output for step in detail.steps}
    assert detail.input is None
    assert outputs["pay"] is None
    assert outputs["book"] == encode("booked")
    hashes = {step.name: step.output_sha256 for step in detail.steps}
    assert hashes["pay"] == encode("card 1234").sha256
    clerk.close()


def test_the_graph_tells_of_a_dag_that_one_may_not_read_no_more_than_its_begun_steps(
    api_server: ApiServer, api_backend: ApiBackend, airflow_rows: AirflowRows
) -> None:
    order = open_order(World(api_backend, airflow_rows))
    ledger_run = airflow_rows.add_run("ledger")
    with airflow_rows.engine.begin() as connection:
        link = insert(schema.run).values(
            workflow_id=order.workflow_id,
            dag_id="ledger",
            run_id=ledger_run,
            role="guest",
            bound=True,
            linked_at=datetime.now(timezone.utc),
        )
        connection.execute(link)
    clerk, viewer = api_server.backend("clerk"), api_server.backend("viewer")

    hidden, _, _ = clerk.get_graph(order.workflow_id).lanes
    shown, _, _ = viewer.get_graph(order.workflow_id).lanes

    assert (hidden.structure, hidden.edges, hidden.groups) == (Structure.HIDDEN, [], [])
    assert {node.id for node in hidden.nodes} == {"reserve", "charge", "fulfil"}
    assert {(node.operator, *node.tasks) for node in hidden.nodes} == {(None,)}
    assert "complete" in {node.id for node in shown.nodes}
    clerk.close()
    viewer.close()


def test_who_may_not_change_the_runs_of_each_dag_may_not_cancel(
    api_server: ApiServer, api_backend: ApiBackend, task_backend: ApiBackend, task: str, airflow_rows: AirflowRows
) -> None:
    key = str(uuid.uuid4())
    started = api_backend.start_workflow(StartWorkflow(task, "order", key, encode({}), participants=["ledger"]))
    guest = airflow_rows.running_task("ledger")
    clerk, viewer = api_server.backend("clerk"), api_server.backend("viewer")
    clerk.start_workflow(StartWorkflow(guest, "order", key, encode({})))
    wish = CancelWorkflow(started.workflow.id, reason="by the wrong one", actor="user:somebody else")

    with pytest.raises(AccessDenied, match="clerk may not change runs of the DAG orders"):
        clerk.cancel_workflow(wish)
    with pytest.raises(AccessDenied, match="viewer may not change runs of the DAG orders"):
        viewer.cancel_workflow(wish)
    with pytest.raises(AccessDenied, match="A task may not act on a whole workflow"):
        task_backend.cancel_workflow(wish)
    assert viewer.plan_cancel(started.workflow.id).changes
    operator = api_server.backend("op")
    assert operator.cancel_workflow(wish).changed
    assert api_backend.read_journal(started.workflow.id).entries[-1].actor == "user:op"
    for backend in (clerk, viewer, operator):
        backend.close()


@pytest.mark.parametrize("workflow_id", ["no-uuid", "0190b0a0-0000-7000-8000-000000000000"])
def test_a_cancel_of_nothing_is_a_problem(client: httpx.Client, api_server: ApiServer, workflow_id: str) -> None:
    client.headers["Authorization"] = f"Bearer {api_server.token()}"
    answers = [
        client.post(f"/v1/workflows/{workflow_id}/cancel", json={"compensate": True}),
        client.get(f"/v1/workflows/{workflow_id}/cancel-plan"),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "workflow-not-found")] * 2
    nonsense = client.post(f"/v1/workflows/{workflow_id}/cancel", json={"compensate": "perhaps"})
    assert (nonsense.status_code, nonsense.json()["code"]) == (400, "invalid-request")


def test_a_cancel_over_http_carries_its_idempotency_key_in_the_header(
    client: httpx.Client, api_server: ApiServer, api_backend: ApiBackend, task: str
) -> None:
    started = api_backend.start_workflow(StartWorkflow(task, "order", str(uuid.uuid4()), encode({})))
    client.headers["Authorization"] = f"Bearer {api_server.token()}"
    client.headers["Idempotency-Key"] = str(uuid.uuid4())
    first, again = (client.post(f"/v1/workflows/{started.workflow.id}/cancel", json={"reason": "x"}) for _ in range(2))
    assert (first.status_code, first.json()["changed"]) == (200, True)
    assert again.json() == first.json()
    other = client.post(f"/v1/workflows/{started.workflow.id}/cancel", json={"reason": "y"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-conflict")


def test_only_who_may_change_runs_sweeps(client: httpx.Client, api_server: ApiServer) -> None:
    def sweep_as(login: str) -> httpx.Response:
        return client.post("/v1/sweep", headers={"Authorization": f"Bearer {api_server.token(login)}"})

    assert sweep_as("clerk").status_code == 403
    assert sweep_as("viewer").status_code == 403
    assert sweep_as("op").status_code == 200


def test_the_page_is_authenticated_by_the_cookie(client: httpx.Client, api_server: ApiServer) -> None:
    client.cookies.set("_token", api_server.token("viewer"))
    answer = client.get("/ui/workflows", params={"state": ["running", "failed"], "key_prefix": "x%"})
    assert answer.status_code == 200
    assert set(answer.json()) == {"workflows", "next_cursor", "total"}


def test_a_static_token_serves_as_it_is(api_server: ApiServer) -> None:
    backend = ApiBackend(api_server.url, StaticToken(api_server.token()), configured_by="the test")
    assert backend.check()
    backend.close()
    wrong = ApiBackend(api_server.url, StaticToken("x"), configured_by="the test")
    with pytest.raises(NotAuthenticated):
        wrong.check()
    wrong.close()
