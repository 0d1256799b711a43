"""What an attacker can do with a worker's connection of type wfstate, as described in docs/reference/security.md.

The connection's user has the role ``user`` of the simple auth manager, as docker/compose.yaml gives it; ``clerk`` has
permissions on one DAG alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import jwt
import pytest
from sqlalchemy import Engine, select

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.credentials import StaticToken
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.outbox.change_subscription import AddSubscription
from airflow_wfstate.domain.messages.step import BeginDecision, BeginStep, EndAttempt
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.exceptions import (
    AccessDenied,
    InvalidAttemptKey,
    NotAuthenticated,
    TaskInstanceNotFound,
    WorkflowNotFound,
)
from airflow_wfstate.store.database import schema
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import TASK_AUDIENCE, ApiServer
from tests.support.services import Shop
from tests.support.world import World

WORKER, DAG = "user", "intake"
CLERK, CLERKS_DAG = "clerk", "ledger"
"""As tests/support/per_dag_auth_manager.py confines them."""


@pytest.fixture
def world(server_engine: Engine, airflow_rows: AirflowRows) -> World:
    """What exists in the Airflow that the connection gives access to."""
    return World(DatabaseBackend(server_engine), airflow_rows)


@pytest.fixture
def stolen(api_server: ApiServer) -> Iterator[ApiBackend]:
    """The store by the connection."""
    backend = api_server.backend(WORKER)
    yield backend
    backend.close()


@pytest.fixture
def narrow(api_server: ApiServer) -> Iterator[ApiBackend]:
    """The store, through the connection of a user with permissions on only one DAG."""
    backend = api_server.backend(CLERK)
    yield backend
    backend.close()


def test_it_acts_for_every_running_task_of_its_users_dags(world: World, stolen: ApiBackend) -> None:
    task, begun = world.begin(world.rows.add_run(DAG), "charge")

    again = stolen.begin_step(BeginStep(task, "charge"))

    assert (again.decision, again.attempt_key) == (BeginDecision.RUN, begun.attempt_key)


def test_it_acts_for_no_task_that_does_not_run(world: World, stolen: ApiBackend) -> None:
    task = world.rows.running_task(DAG, "charge")
    world.rows.set_task_state(task, "success")
    with pytest.raises(TaskInstanceNotFound):
        stolen.begin_step(BeginStep(task, "charge"))


def test_it_ends_nothing_by_a_key_that_it_made_up(world: World, stolen: ApiBackend) -> None:
    _, begun = world.begin(world.rows.add_run(DAG), "charge")
    forged = f"{begun.attempt_key.rpartition('.')[0]}.{'0' * 64}"
    with pytest.raises(InvalidAttemptKey):
        stolen.end_attempt(EndAttempt(forged, 1, StepState.FAILED, error="none"))
    assert world.backend.get_step(begun.workflow.id, begun.step_id).state is StepState.RUNNING


def test_it_acts_on_whole_workflows_where_its_user_may_edit_every_dag(world: World, stolen: ApiBackend) -> None:
    started = world.start(world.rows.add_run(DAG))
    stolen.cancel_workflow(CancelWorkflow(started.workflow.id, actor="admin"))
    (cancelled,) = [
        entry for entry in world.backend.read_journal(started.workflow.id).entries if entry.kind == "workflow.cancelled"
    ]
    assert cancelled.actor == f"user:{WORKER}"  # whatever it claims to be


def test_it_is_kept_to_the_dags_of_its_user(world: World, narrow: ApiBackend) -> None:
    started = world.start(world.rows.add_run(DAG))
    task, begun = world.begin(world.rows.add_run(DAG), "charge")
    for attempt in (
        lambda: narrow.begin_step(BeginStep(task, "charge")),
        lambda: narrow.end_attempt(EndAttempt(begun.attempt_key, 1, StepState.FAILED, error="none")),
        lambda: narrow.sweep(),
        lambda: narrow.add_subscription(AddSubscription("mine", "https://hooks.example.com/")),
    ):
        with pytest.raises(AccessDenied):
            attempt()
    for hidden in (
        lambda: narrow.get_workflow(started.workflow.id),
        lambda: narrow.cancel_workflow(CancelWorkflow(started.workflow.id)),
    ):
        with pytest.raises(WorkflowNotFound):
            hidden()
    own = world.rows.running_task(CLERKS_DAG, "book")
    assert narrow.begin_step(BeginStep(own, "book")).decision is BeginDecision.RUN


def test_it_does_not_speak_for_a_service(world: World, stolen: ApiBackend) -> None:
    shop = Shop(world.backend).apply()
    (verdict,) = replace(shop, backend=stolen).told(shop.placed("1"))
    assert verdict.startswith("refused")


def test_it_signs_no_tokens_for_tasks_or_other_users(world: World, api_server: ApiServer) -> None:
    """A worker's own airflow.cfg has a secret that Airflow made up: not the servers'."""
    task = world.rows.running_task(DAG, "charge")
    claims = {"aud": TASK_AUDIENCE, "scope": "execution", "sub": task, "iat": 0, "nbf": 0, "exp": 2**32}
    backend = ApiBackend(api_server.url, StaticToken(jwt.encode(claims, "r" * 64, "HS512")), configured_by="the test")
    with pytest.raises(NotAuthenticated):
        backend.begin_step(BeginStep(task, "charge"))
    backend.close()


@pytest.mark.parametrize("path", ["connections", "variables", "config", "pools"])
def test_it_opens_no_secret_of_airflow(api_server: ApiServer, path: str) -> None:
    headers = {"Authorization": f"Bearer {api_server.token(WORKER)}"}
    answer = httpx.get(f"{api_server.url}/api/v2/{path}", headers=headers, timeout=30)
    assert answer.status_code == (200 if path == "pools" else 403)


def test_no_answer_has_what_signs_keys_and_webhooks(world: World, stolen: ApiBackend, api_server: ApiServer) -> None:
    """What it reads gives it no way to act later, when its password has been changed."""
    started = world.start(world.rows.add_run(DAG))
    with world.rows.engine.connect() as connection:
        signs_keys = connection.execute(
            select(schema.workflow.c.secret).where(schema.workflow.c.id == started.workflow.id)
        ).scalar_one()
    made = world.backend.add_subscription(AddSubscription(world.unique("hook"), "https://hooks.example.com/"))
    headers = {"Authorization": f"Bearer {api_server.token(WORKER)}"}
    base = f"{api_server.url}/wfstate/v1"
    described = httpx.get(f"{base}/openapi.json", headers=headers, timeout=30).json()["paths"]
    paths = [path for path, methods in described.items() if "get" in methods]
    assert len(paths) > 15
    for path in paths:
        url = base + path.removeprefix("/wfstate/v1").replace("{workflow_id}", started.workflow.id).replace(
            "{subscription_id}", made.subscription.id
        )
        said = httpx.get(url, headers=headers, timeout=30).text
        assert signs_keys not in said, path
        assert made.secret not in said, path
