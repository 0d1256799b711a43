"""ETag, If-None-Match and If-Match."""

from __future__ import annotations

import re

import httpx
import pytest

from airflow_wfstate.backends.database import DatabaseBackend
from tests.api.permission_scene import request_of
from tests.api.permission_table import ROUTES, Route
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer
from tests.support.world import World

ACTIONS = ("resume", "restart", "cancel", "compensate", "compensation")
WRITES = [route for route in ROUTES if route.method == "POST" and route.path.endswith(ACTIONS) and "{" in route.path]


@pytest.fixture
def world(airflow_rows: AirflowRows) -> World:
    return World(DatabaseBackend(airflow_rows.engine), airflow_rows)


@pytest.fixture
def as_admin(client: httpx.Client, api_server: ApiServer) -> httpx.Client:
    client.headers["Authorization"] = f"Bearer {api_server.token()}"
    return client


@pytest.mark.parametrize("base", ["/v1", "/ui"])
def test_a_workflow_has_a_tag_that_changes_with_it(as_admin: httpx.Client, world: World, base: str) -> None:
    run_id = world.rows.add_run("intake")
    path = f"{base}/workflows/{world.start(run_id).workflow.id}"
    first = as_admin.get(path)
    tag = first.headers["ETag"]
    assert re.fullmatch(rf'"{first.json()["summary"]["version"]}-[0-9a-f]{{16}}"', tag)

    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        unchanged = as_admin.get(path, headers={"If-None-Match": known})
        assert (unchanged.status_code, unchanged.content, unchanged.headers["ETag"]) == (304, b"", tag)
    world.begin(run_id, "pack")
    changed = as_admin.get(path, headers={"If-None-Match": tag})

    assert (changed.status_code, len(changed.json()["steps"])) == (200, 1)
    assert changed.headers["ETag"] != tag


@pytest.mark.parametrize("base", ["/v1", "/ui"])
def test_every_read_that_the_page_repeats_has_a_tag(as_admin: httpx.Client, world: World, base: str) -> None:
    run_id = world.rows.add_run("intake")
    started, begun = world.start(run_id), world.begin(run_id, "pack")[1]
    flow = f"/workflows/{started.workflow.id}"
    step = f"{flow}/steps/{begun.step_id}"
    activity = "task-activity?dag_id=intake&run_id=a&task_id=b"
    parts = ("steps", "journal", "compensations", "actions", activity)
    reads = [
        f"/workflows?key={started.workflow.key}",
        f"/stats?key={started.workflow.key}",
        step,
        f"{step}/checkpoints",
    ]

    for path in [*reads, *(f"{flow}/{part}" for part in parts)]:
        tag = as_admin.get(f"{base}{path}").headers["ETag"]
        unchanged = as_admin.get(f"{base}{path}", headers={"If-None-Match": tag})
        assert (path, unchanged.status_code, unchanged.content) == (path, 304, b"")

    world.fail(begun)
    assert as_admin.get(f"{base}{step}", headers={"If-None-Match": tag}).json()["state"] == "failed"


def test_the_actions_are_all_there_are() -> None:
    assert len(WRITES) == len(ACTIONS)


@pytest.mark.parametrize("route", WRITES, ids=lambda route: route.label)
def test_a_write_heeds_if_match(as_admin: httpx.Client, world: World, route: Route) -> None:
    wanted = request_of(route.label)
    scene = wanted.scene(world)
    path, body = route.path.format(workflow_id=scene.workflow_id), wanted.body(scene, scene.key)
    seen = as_admin.get(f"/v1/workflows/{scene.workflow_id}")
    told = world.told(scene.workflow_id)
    other = f'"{seen.json()["summary"]["version"] + 1}-{"0" * 16}"'

    refused = as_admin.post(f"/v1{path}", json=body, headers={"If-Match": other})
    # As a compressing proxy makes it.
    weak = as_admin.post(f"/v1{path}", json=body, headers={"If-Match": f"W/{other}"})
    malformed = [
        as_admin.post(f"/v1{path}", json=body, headers={"If-Match": text})
        for text in ("", "7", '"seven"', f"w/{other}", f"{other}, {other}", f'"{"9" * 19}-{"0" * 16}"')
    ]

    assert (refused.status_code, refused.json()["type"]) == (412, "urn:wfstate:workflow-changed")
    assert weak.json() == refused.json()
    assert {(answer.status_code, answer.json()["code"]) for answer in malformed} == {(400, "invalid-request")}
    assert world.told(scene.workflow_id) == told
    assert as_admin.post(f"/v1{path}", json=body, headers={"If-Match": f"W/{seen.headers['ETag']}"}).status_code == 200


def test_a_star_matches_every_version(as_admin: httpx.Client, world: World) -> None:
    workflow_id = world.start().workflow.id
    path = f"/v1/workflows/{workflow_id}/cancel"

    assert as_admin.post(path, json={}, headers={"If-Match": "*"}).json()["changed"]
