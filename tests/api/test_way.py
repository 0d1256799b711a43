"""The journal records which way a request came: from the page, or through the stable API."""

from __future__ import annotations

import httpx
import pytest

from airflow_wfstate.backends.database import DatabaseBackend
from tests.api.permission_scene import failed, request_of, undo_failed
from tests.api.permission_table import ROUTES, Route
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer
from tests.support.world import World

_SCENES = {"resume": failed, "compensate": undo_failed}
"""Workflows in which these change something."""

WRITES = [
    route
    for route in ROUTES
    if route.method == "POST" and route.on_page and route.path.startswith("/workflows/{workflow_id}/")
]


@pytest.mark.parametrize(("base", "way"), [("/ui", "ui"), ("/v1", "api")])
@pytest.mark.parametrize("route", WRITES, ids=lambda route: route.label)
def test_the_journal_tells_the_way(
    client: httpx.Client, api_server: ApiServer, airflow_rows: AirflowRows, route: Route, base: str, way: str
) -> None:
    world = World(DatabaseBackend(airflow_rows.engine), airflow_rows)
    wanted = request_of(route.label)
    scene = _SCENES.get(route.path.rpartition("/")[2], wanted.scene)(world)
    body = wanted.body(scene, scene.key)
    assert body is not None
    before = len(world.journal(scene.workflow_id))
    client.cookies.set("_token", api_server.token("op"))  # as the page calls

    path = f"{base}{route.path.format(workflow_id=scene.workflow_id)}"
    asked = body | {"reason": "seen on the screen"}
    pretended = [client.post(path, json=asked | own) for own in ({"way": "cli"}, {"actor": "cli:somebody"})]
    answer = client.post(path, json=asked)

    assert [refused.status_code for refused in pretended] == [400, 400]
    assert answer.status_code == 200, answer.text
    told = [entry for entry in world.journal(scene.workflow_id)[before:] if "reason" in entry.data]
    assert told
    assert {(entry.actor, entry.data["way"], entry.data["reason"]) for entry in told} == {
        ("user:op", way, "seen on the screen")
    }
