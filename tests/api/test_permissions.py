"""The permission table, tried cell by cell on a live api-server."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import create_engine, delete, update

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.plugins.workflow_state import WorkflowStatePlugin
from airflow_wfstate.store.database import schema
from tests.api.permission_scene import Request, Scene, begun, request_of, started
from tests.api.permission_table import CALLERS, ROUTES, Route
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer, task_token
from tests.support.world import World

_LOGINS = {"viewer": "viewer", "user": "user", "op": "op", "admin": "admin", "other DAG": "clerk"}

_AT_THE_PAGE = ("anonymous", "viewer", "user", "other DAG", "task")
"""The same routes below /ui, with the same checks: tried with one caller of each kind."""

CELLS = [
    pytest.param(route, caller, prefix, id=f"{route.method} {prefix}{route.path} {caller}")
    for route in ROUTES
    for prefix in (["/v1", "/ui"] if route.on_page else ["/v1"])
    for caller in route.statuses
    if prefix == "/v1" or caller in _AT_THE_PAGE
]


@pytest.fixture(scope="module")
def world(api_server: ApiServer) -> Iterator[World]:
    """Straight to the api-server's tables, to set scenes."""
    engine = create_engine(api_server.database_url)
    yield World(DatabaseBackend(engine), AirflowRows(engine))
    engine.dispose()


@pytest.fixture(scope="module")
def user_tokens(api_server: ApiServer) -> dict[str, str]:
    """A token of each user, by column."""
    return {caller: api_server.token(login) for caller, login in _LOGINS.items()}


def token_of(caller: str, scene: Scene, world: World, user_tokens: dict[str, str]) -> str | None:
    """The token of a column's caller, after bringing the caller into the column's state."""
    if caller in user_tokens:
        return user_tokens[caller]
    if caller == "finished":
        world.rows.set_task_state(scene.task, "success", ended_ago=timedelta(0))
    if caller == "deferred":
        world.rows.set_task_state(scene.task, "deferred")
    return {
        "anonymous": None,
        "other task": task_token(world.rows.running_task("elsewhere")),
        "expired": task_token(scene.task, lasts=-60),
        "audience": task_token(scene.task, audience="urn:airflow.apache.org:other"),
    }.get(caller, task_token(scene.task))


def told(world: World, scene: Scene) -> list[str]:
    """What the journal says that a caller may have done."""
    return [line for line in world.told(scene.workflow_id) if not line.startswith("turn.")]


@pytest.mark.parametrize(("route", "caller", "prefix"), CELLS)
def test_a_cell_of_the_table(
    client: httpx.Client, world: World, user_tokens: dict[str, str], route: Route, caller: str, prefix: str
) -> None:
    request: Request = request_of(route.label)
    scene = request.scene(world)
    token = token_of(caller, scene, world, user_tokens)
    before = told(world, scene)

    answer = client.request(
        route.method,
        prefix
        + route.path.format(
            workflow_id=scene.workflow_id,
            step_id=scene.step_id,
            subscription_id=scene.subscription_id,
            name=scene.name,
            token="unknown",
        ),
        params=dict(request.parameters),
        json=request.body(scene, scene.others_key if caller == "other's key" else scene.key),
        headers={"Content-Type": request.media_type} | ({} if token is None else {"Authorization": f"Bearer {token}"}),
    )

    assert answer.status_code == route.statuses[caller], answer.text
    if not answer.is_success:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["remedy"]
        assert told(world, scene) == before


def served_routes() -> set[tuple[str, str]]:
    """Method and path of every route that the app has, described or not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Airflow's own app imports
        from airflow_wfstate.api.app import create_app
    found: set[tuple[str, str]] = set()
    for route in create_app().routes:
        # FastAPI flattens included routers up to 0.136, and keeps them since.
        flat = route.effective_route_contexts() if hasattr(route, "effective_route_contexts") else [route]
        found |= {(method, one.path) for one in flat for method in one.methods or ()}
    return found


def test_the_table_has_every_route(client: httpx.Client, user_tokens: dict[str, str]) -> None:
    served = served_routes()
    assert served, "No route was found."
    described = client.get("/v1/openapi.json", headers={"Authorization": f"Bearer {user_tokens['viewer']}"}).json()
    served |= {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}

    expected = {(route.method, f"/v1{route.path}") for route in ROUTES}
    on_page = {(route.method, f"/ui{route.path}") for route in ROUTES if route.on_page}
    assert served == expected | on_page | {("GET", "/ui/static/main.umd.cjs")}, "tests/api/permission_table.py"


def test_each_row_says_what_each_caller_gets() -> None:
    keyless = set(CALLERS) - {"other's key"}
    assert [route.label for route in ROUTES if set(route.statuses) not in (set(CALLERS), keyless)] == []


def test_a_user_with_the_key_of_an_earlier_attempt_is_too_late(
    client: httpx.Client, world: World, user_tokens: dict[str, str]
) -> None:
    scene = begun(world)
    client.headers["Authorization"] = f"Bearer {user_tokens['op']}"
    for path in ("checkpoint", "end", "child-run"):
        body = request_of(f"POST /steps/{path}").body(scene, scene.others_key)
        answer = client.post(f"/v1/steps/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "stale-attempt")


def test_where_no_dag_takes_part_the_page_decides(
    client: httpx.Client, world: World, user_tokens: dict[str, str]
) -> None:
    """The clerk reads one DAG, and has the simple auth manager's permission on every view."""
    scene = started(world)
    client.headers["Authorization"] = f"Bearer {user_tokens['other DAG']}"
    path, filters = f"/v1/workflows/{scene.workflow_id}", {"key": scene.business_key}
    assert client.get(path).status_code == 404

    with world.rows.engine.begin() as connection:
        connection.execute(delete(schema.run).where(schema.run.c.workflow_id == scene.workflow_id))
        its_row = schema.workflow.c.id == scene.workflow_id
        connection.execute(update(schema.workflow).where(its_row).values(has_dag=False))

    seen = client.get(path)
    assert seen.status_code == 200
    listed = client.get("/v1/workflows", params=filters).json()["workflows"]
    assert [workflow["id"] for workflow in listed] == [scene.workflow_id]
    narrowed = client.get("/v1/workflows", params=filters | {"readable_dag_id": "ledger"}).json()["workflows"]
    assert narrowed == []
    assert client.post(f"{path}/cancel", json={}).status_code == 403


def test_the_page_is_named_as_the_plugin_registers_it() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from airflow_wfstate.api.authorization import PAGE_VIEW
    pages = [page for page in WorkflowStatePlugin.react_apps if page["destination"] == "nav"]
    assert [page["name"] for page in pages] == [PAGE_VIEW]


def test_a_list_does_not_betray_the_rest(client: httpx.Client, world: World, user_tokens: dict[str, str]) -> None:
    """The clerk sees workflows of one DAG, and learns nothing about the number of the others."""
    hidden = world.unique("key")
    world.start(world.rows.add_run("orders"), dag_id="orders", key=hidden)
    client.headers["Authorization"] = f"Bearer {user_tokens['other DAG']}"

    name = world.unique("name")
    world.start(world.rows.add_run("orders"), dag_id="orders", name=name)
    starting = "/v1/starting-dags"

    listed = client.get("/v1/workflows", params={"key": hidden, "limit": 1}).json()
    assert (listed["workflows"], listed["next_cursor"]) == ([], None)
    assert client.get("/v1/health").json()["open_workflows"] is None
    assert client.get(starting, params={"name": name}).json() == {"dags": []}
    client.headers["Authorization"] = f"Bearer {user_tokens['viewer']}"
    assert client.get("/v1/health").json()["open_workflows"] > 0
    assert [dag["dag_id"] for dag in client.get(starting, params={"name": name}).json()["dags"]] == ["orders"]
    narrowed = client.get(starting, params={"name": name, "readable_dag_id": "ledger"}).json()
    assert narrowed == {"dags": []}
