"""Who may do what with the FAB auth manager's roles, on a live api-server. docs/reference/security.md has the table."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from tests.api.permission_scene import Scene, begun, request_of, started
from tests.fab.accounts import ROLES
from tests.fab.permission_table import LISTED, ROUTES, SEES_COUNT
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer
from tests.support.world import World


@pytest.fixture(scope="module")
def world(fab_server: ApiServer) -> Iterator[World]:
    engine = create_engine(fab_server.database_url)
    rows = AirflowRows(engine)
    rows.pause_dag("orders")  # so that Airflow knows the DAGs, which lists ask it for
    rows.pause_dag("ledger")
    yield World(DatabaseBackend(engine), rows)
    engine.dispose()


@pytest.fixture(scope="module")
def tokens(fab_server: ApiServer) -> dict[str, str]:
    return {role: fab_server.token(role.lower()) for role in ROLES}


@pytest.fixture
def fab_client(fab_server: ApiServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{fab_server.url}/wfstate/v1", timeout=30) as client:
        yield client


def as_role(role: str, tokens: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens[role]}"}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("label", ROUTES)
def test_a_cell_of_the_table(
    fab_client: httpx.Client, world: World, tokens: dict[str, str], label: str, role: str
) -> None:
    request = request_of(label)
    scene = request.scene(world)
    method, path = label.split()

    answer = fab_client.request(
        method,
        path.format(workflow_id=scene.workflow_id),
        json=request.body(scene, scene.key),
        headers=as_role(role, tokens),
    )

    assert answer.status_code == ROUTES[label][ROLES.index(role)], answer.text


@pytest.mark.parametrize("role", ROLES)
def test_a_list_holds_what_the_role_may_see(
    fab_client: httpx.Client, world: World, tokens: dict[str, str], role: str
) -> None:
    scene: Scene = started(world)
    headers = as_role(role, tokens)

    page = fab_client.get("/workflows", params={"key": scene.business_key}, headers=headers).json()
    health = fab_client.get("/health", headers=headers).json()

    assert [workflow["id"] for workflow in page["workflows"]] == ([scene.workflow_id] if role in LISTED else [])
    assert (health["open_workflows"] is not None) == (role in SEES_COUNT)


def test_payloads_are_for_those_who_read_the_dag(
    fab_client: httpx.Client, world: World, tokens: dict[str, str]
) -> None:
    """A workflow of two DAGs: the reader of one sees its payloads, and only the hashes of the other's."""
    run_id = world.rows.add_run("ledger")
    key = world.unique("key")
    started_ = world.start(run_id, dag_id="ledger", key=key, input={"card": "1234"}, participants=["orders"])
    world.step_done(run_id, "book", "secret", dag_id="ledger")
    guest = world.rows.add_run("orders")
    world.start(guest, dag_id="orders", key=key, input={"card": "1234"})
    world.step_done(guest, "ship", "parcel", dag_id="orders")

    seen = fab_client.get(f"/workflows/{started_.workflow.id}", headers=as_role("orders_reader", tokens)).json()

    outputs = {step["name"]: step["output"] for step in seen["steps"]}
    assert outputs["book"] is None
    assert outputs["ship"]["text"] == '"parcel"'
    assert seen["input"] is None


def test_the_anonymous_is_refused_although_airflow_is_open(fab_client: httpx.Client, fab_server: ApiServer) -> None:
    assert httpx.get(f"{fab_server.url}/api/v2/dags", timeout=30).status_code == 200
    assert fab_client.get("/workflows").status_code == 401
    assert fab_client.get("/docs").status_code == 401


def test_a_workers_user_lives_a_steps_life(fab_server: ApiServer, world: World) -> None:
    """The user of the connection needs no more than the right to edit runs of its DAG."""
    scene = begun(world)
    token = fab_server.token("orders_worker")
    assert httpx.post(
        f"{fab_server.url}/wfstate/v1/steps/end",
        json={"attempt_key": scene.key, "write": 1, "state": "skipped"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    ).is_success
