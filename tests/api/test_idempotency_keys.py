"""The header Idempotency-Key, which every write takes unless its own content identifies it."""

from __future__ import annotations

from dataclasses import fields

import httpx
import pytest

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.backends.operations import OPERATIONS
from tests.api.permission_scene import request_of
from tests.api.permission_table import ROUTES, Route
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer
from tests.support.world import World

_KEYED = {
    "/sweep",
    *(one.path for one in OPERATIONS if any(field.name == "idempotency_key" for field in fields(one.request))),
}
"""Not those of events, which have an id of their own."""

WRITES = [
    route
    for route in ROUTES
    # A subscription's own tests have its writes (tests/contract/test_subscriptions.py).
    if route.method == "POST" and route.path in _KEYED and not route.path.startswith("/subscriptions")
]


@pytest.fixture
def world(airflow_rows: AirflowRows) -> World:
    return World(DatabaseBackend(airflow_rows.engine), airflow_rows)


@pytest.fixture
def as_admin(client: httpx.Client, api_server: ApiServer) -> httpx.Client:
    client.headers["Authorization"] = f"Bearer {api_server.token()}"
    return client


def _post(client: httpx.Client, path: str, body: object, key: str) -> httpx.Response:
    """Send, and again while another sweep is under way, which is not remembered."""
    for _ in range(1000):
        answer = client.post(f"/v1{path}", json=body, headers={"Idempotency-Key": key})
        if answer.status_code != 200 or answer.json().get("swept", True):
            return answer
    raise AssertionError("Another sweep does not end.")


@pytest.mark.parametrize("route", WRITES, ids=lambda route: route.label)
def test_every_write_answers_the_same_again_and_refuses_another_use_of_its_key(
    as_admin: httpx.Client, world: World, route: Route
) -> None:
    wanted = request_of(route.label)
    scene, other_scene = wanted.scene(world), wanted.scene(world)
    key, path = world.unique("key"), route.path.format(workflow_id=scene.workflow_id)
    first, again = (_post(as_admin, path, wanted.body(scene, scene.key), key) for _ in range(2))
    other_path = route.path.format(workflow_id=other_scene.workflow_id)
    other = _post(as_admin, other_path, wanted.body(other_scene, other_scene.key), key)

    assert (first.status_code, first.json()) == (200, again.json())
    if route.path != "/sweep":  # it has one body
        assert (other.status_code, other.json()["code"]) == (409, "idempotency-conflict")


@pytest.mark.parametrize("route", WRITES, ids=lambda route: route.label)
@pytest.mark.parametrize("key", ["", "k" * 501, "tab\tinside", "ä"], ids=["empty", "long", "control", "not-ascii"])
def test_a_malformed_key_is_a_400_and_changes_nothing(
    as_admin: httpx.Client, world: World, route: Route, key: str
) -> None:
    wanted = request_of(route.label)
    scene = wanted.scene(world)
    told = world.told(scene.workflow_id)
    path = route.path.format(workflow_id=scene.workflow_id)

    answer = as_admin.post(
        f"/v1{path}", json=wanted.body(scene, scene.key), headers={"Idempotency-Key": key.encode("latin-1")}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
    assert "idempotency-key" in answer.json()["reason"].lower()
    assert world.told(scene.workflow_id) == told


@pytest.mark.parametrize("label", ["POST /workflows/{workflow_id}/cancel", "POST /sweep"])
def test_the_key_of_one_user_is_none_for_another(
    as_admin: httpx.Client, api_server: ApiServer, world: World, label: str
) -> None:
    route = next(route for route in WRITES if route.label == label)
    wanted = request_of(label)
    scene, key = wanted.scene(world), world.unique("key")
    path, body = route.path.format(workflow_id=scene.workflow_id), wanted.body(scene, scene.key)
    assert _post(as_admin, path, body, key).status_code == 200
    as_admin.headers["Authorization"] = f"Bearer {api_server.token('op')}"

    theirs = _post(as_admin, path, body, key)

    assert (theirs.status_code, theirs.json()["code"]) == (409, "idempotency-conflict")
    assert scene.workflow_id not in theirs.text
