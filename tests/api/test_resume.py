"""Resume and restart over HTTP: who is allowed to, and what the routes refuse."""

from __future__ import annotations

import httpx
import pytest

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.resume import ResumeWorkflow
from airflow_wfstate.exceptions import AccessDenied, WorkflowNotFound
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer
from tests.support.shop import INTAKE, Order, failed_order
from tests.support.world import World


@pytest.fixture
def order(airflow_rows: AirflowRows) -> Order:
    return failed_order(World(DatabaseBackend(airflow_rows.engine), airflow_rows))


@pytest.fixture
def as_operator(client: httpx.Client, api_server: ApiServer) -> httpx.Client:
    client.headers["Authorization"] = f"Bearer {api_server.token('op')}"
    return client


def test_who_may_not_change_the_runs_of_each_dag_may_not_resume(api_server: ApiServer, order: Order) -> None:
    clerk, viewer, operator = (api_server.backend(login) for login in ("clerk", "viewer", "op"))
    wish = ResumeWorkflow(order.workflow_id)

    with pytest.raises(WorkflowNotFound):
        clerk.resume_workflow(wish)
    with pytest.raises(WorkflowNotFound):
        clerk.plan_resume(order.workflow_id)
    with pytest.raises(AccessDenied, match="may not change runs of the DAG shop_"):
        viewer.resume_workflow(wish)
    assert viewer.plan_resume(order.workflow_id).allowed
    assert order.run_states() == ["failed", "failed"]
    assert operator.resume_workflow(wish).changed
    entry = order.world.journal(order.workflow_id)[-1]
    assert (entry.actor, entry.kind.value) == ("user:op", "workflow.resumed")
    for backend in (clerk, viewer, operator):
        backend.close()


def test_a_resume_carries_its_idempotency_key_in_the_header(as_operator: httpx.Client, order: Order) -> None:
    as_operator.headers["Idempotency-Key"] = f"resume-{order.workflow_id}"
    path = f"/v1/workflows/{order.workflow_id}/resume"

    first, again = (as_operator.post(path, json={"reason": "x"}) for _ in range(2))
    other = as_operator.post(path, json={"reason": "y"})

    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert first.json()["changed"]
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-conflict")


def test_a_step_goes_with_a_restart_and_only_there(as_operator: httpx.Client, order: Order) -> None:
    path = f"/v1/workflows/{order.workflow_id}"

    resumed = as_operator.post(f"{path}/resume", json={"from_step": "charge"})
    restarted = as_operator.post(f"{path}/restart", json={})

    for refused in (resumed, restarted):
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid-request")
    plan = as_operator.get(f"{path}/resume-plan", params={"from_step": "charge"}).json()
    assert (plan["from_step"], plan["allowed"]) == (f"{INTAKE}.charge", True)
    assert as_operator.post(f"{path}/restart", json={"from_step": "charge"}).json()["changed"]


@pytest.mark.parametrize("body", [{"deadline_seconds": "soon"}, {"deadline_seconds": -1}, {"reason": 7}, []])
def test_nonsense_is_a_problem_and_changes_nothing(as_operator: httpx.Client, order: Order, body: object) -> None:
    answer = as_operator.post(f"/v1/workflows/{order.workflow_id}/resume", json=body)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert order.run_states() == ["failed", "failed"]


def test_an_unknown_step_is_a_problem(as_operator: httpx.Client, order: Order) -> None:
    answer = as_operator.post(f"/v1/workflows/{order.workflow_id}/restart", json={"from_step": "nothing"})

    assert (answer.status_code, answer.json()["code"]) == (404, "step-not-found")
