"""What a user sees of services in a workflow that is only partly visible to them, and of writes without a version."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.event import EventCounts
from airflow_wfstate.domain.messages.wait import RegisterWait, WaitTarget
from airflow_wfstate.domain.rules.waiting import WaitKind
from airflow_wfstate.exceptions import AccessDenied
from airflow_wfstate.store.database import schema
from tests.api.test_event_waits import CLERKS_DAG
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer
from tests.support.services import Shop
from tests.support.world import World


@pytest.fixture
def world(airflow_rows: AirflowRows) -> World:
    return World(DatabaseBackend(airflow_rows.engine), airflow_rows)


@pytest.fixture
def clerk(api_server: ApiServer) -> Iterator[ApiBackend]:
    backend = api_server.backend("clerk")
    yield backend
    backend.close()


@pytest.fixture
def admin(api_server: ApiServer) -> Iterator[ApiBackend]:
    backend = api_server.backend("admin")
    yield backend
    backend.close()


def test_bodies_and_what_tasks_wait_for_are_for_those_who_may_read_the_owner(
    world: World, clerk: ApiBackend, admin: ApiBackend
) -> None:
    shop = Shop(world.backend, plan=["payments.capture"], on_failure="compensate").apply()
    run_id = world.rows.add_run("orders")
    workflow_id = world.start(run_id, dag_id="orders", name=shop.name, key="1").workflow.id
    add_guest(world, workflow_id)
    event = shop.event("payments", "authorised", "1", {"amount": 30})
    shop.send(event)
    task = world.rows.add_task("orders", run_id, "hear")
    begun = world.begin_as(task, "hear")
    target = WaitTarget(WaitKind.EVENT, "another", "secret key", event="com.shop.paid")
    world.backend.register_wait(RegisterWait(task, target, attempt_key=begun.attempt_key))

    seen, hidden = (user.get_workflow(workflow_id).waits for user in (admin, clerk))
    bodies = [user.get_workflow_event(workflow_id, event["source"], event["id"]).body for user in (admin, clerk)]

    assert [wait.what for wait in seen] == [
        "payments to report how it ended",
        "an event com.shop.paid about another/secret key",
    ]
    assert [wait.what for wait in hidden] == ["payments to report how it ended", None]
    assert bodies[0] is not None
    assert bodies[0].value()["data"]["amount"] == 30
    assert bodies[1] is None
    assert [lane.participant for lane in clerk.get_graph(workflow_id).lanes][:3] == ["payments", "carrier", "shop"]


def test_rights_tell_who_looks_after_services(
    api_server: ApiServer, client: httpx.Client, clerk: ApiBackend, admin: ApiBackend
) -> None:
    def rights(login: str) -> dict[str, bool]:
        answer = client.get("/v1/rights", headers={"Authorization": f"Bearer {api_server.token(login)}"})
        return dict(answer.json())

    assert rights("admin") == {"looks_at_events": True, "operates": True}
    assert rights("viewer") == {"looks_at_events": True, "operates": False}
    assert rights("clerk") == {"looks_at_events": False, "operates": False}
    assert isinstance(admin.count_events(), EventCounts)
    with pytest.raises(AccessDenied):
        clerk.count_events()


@pytest.mark.parametrize("path", ["/v1/subscriptions", "/v1/events/drop"])
def test_a_version_is_not_left_unheeded_where_there_is_none(
    api_server: ApiServer, client: httpx.Client, world: World, path: str
) -> None:
    body: dict[str, Any] = {"name": world.unique("hook"), "url": "https://hooks.example.com/"}
    if path.endswith("drop"):
        body = {"events": [{"source": "x", "id": "y"}], "reason": "z"}
    headers = {"Authorization": f"Bearer {api_server.token('admin')}", "If-Match": f'"1-{"0" * 16}"'}

    refused = client.post(path, json=body, headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid-request")
    assert "has none" in refused.json()["reason"]
    assert body.get("name") not in [found.name for found in world.backend.list_subscriptions().subscriptions]


def add_guest(world: World, workflow_id: str) -> None:
    """Let a run of the clerk's DAG take part."""
    guest = world.rows.add_run(CLERKS_DAG)
    row = {"workflow_id": workflow_id, "dag_id": CLERKS_DAG, "run_id": guest, "role": "guest", "bound": True}
    with world.rows.engine.begin() as connection:
        connection.execute(insert(schema.run).values(linked_at=datetime.now(timezone.utc), **row))
