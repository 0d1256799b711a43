"""An Airflow under a path, behind nginx with a private certificate: the page's bundle, and a worker's ways."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from sqlalchemy import create_engine

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.credentials import StaticToken
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.step import BeginDecision, BeginStep
from airflow_wfstate.exceptions import InvalidRequest, ServerUnreachable
from airflow_wfstate.hooks import workflow_state
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import free_port, running_api_server, task_token
from tests.support.certificates import Certificates, make_certificates
from tests.support.nginx import PROGRAM, has_ipv6, running_nginx
from tests.support.serialized_dags import deploy, pin
from tests.support.world import World

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed (Debian: apt-get install nginx-light).")

PATH = "/company/airflow"
PLACES = {"nav", "dag", "dag_run", "task_instance", "dashboard"}


@dataclass(frozen=True)
class Site:
    """An Airflow as its users reach it.

    :param url: with the path, without a slash at the end.
    """

    url: str
    port: int
    database_url: str
    certificates: Certificates

    def open_client(self) -> httpx.Client:
        """A browser, which knows the authority."""
        return httpx.Client(verify=ssl.create_default_context(cafile=self.certificates.authority), timeout=30)


@pytest.fixture(scope="module")
def site(api_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("nginx")
    certificates = make_certificates(folder)
    port = free_port()
    url = f"https://localhost:{port}{PATH}"
    home = tmp_path_factory.mktemp("api-server-below-a-path")
    with (
        running_api_server(api_database_url, home, {"AIRFLOW__API__BASE_URL": url}) as server,
        running_nginx(folder, port, PATH, server.url, certificates),
    ):
        yield Site(url, port, api_database_url, certificates)


@pytest.fixture(autouse=True)
def _sockets_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The hook keeps what it has opened until its process ends."""
    kept: dict[object, ApiBackend] = {}
    monkeypatch.setattr(workflow_state, "_BACKENDS", kept)
    yield
    for backend in kept.values():
        backend.close()


def _connect(monkeypatch: pytest.MonkeyPatch, **fields: object) -> WorkflowStateHook:
    defined = {"conn_type": "wfstate", "login": "admin", "password": "admin", **fields}
    monkeypatch.setenv("AIRFLOW_CONN_WFSTATE_DEFAULT", json.dumps(defined))
    return WorkflowStateHook()


def test_the_bundle_is_found_in_all_five_places(site: Site) -> None:
    with site.open_client() as browser:
        answer = browser.post(f"{site.url}/auth/token", json={"username": "admin", "password": "admin"})
        token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        plugins = browser.get(f"{site.url}/api/v2/plugins", headers=token).raise_for_status().json()["plugins"]
        ours = [app for plugin in plugins if plugin["name"] == "wfstate" for app in plugin["react_apps"]]
        assert {app["destination"] for app in ours} == PLACES
        for app in ours:
            bundle = browser.get(httpx.URL(f"{site.url}/").join(app["bundle_url"]))
            assert (bundle.status_code, bundle.headers["Content-Type"].partition(";")[0]) == (200, "text/javascript")
        assert browser.get(f"{site.url}/wfstate/ui/workflows", headers=token).status_code == 200
        assert browser.get(f"{site.url}/wfstate/ui/workflows").json()["code"] == "not-authenticated"


def test_the_button_of_a_task_leads_to_its_workflow_below_the_path(site: Site) -> None:
    """Only the api-server knows the path. It builds the link for a task that is running and has pushed nothing."""
    engine = create_engine(site.database_url)
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    with DAG(world.unique("buttons")) as dag:
        EmptyOperator(task_id="work")
    deploy(engine, dag)
    started, other = (world.rows.add_run(dag.dag_id) for _ in range(2))
    for run_id in (started, other):
        world.rows.add_task(dag.dag_id, run_id, "work")
        pin(engine, dag.dag_id, run_id)
    workflow = world.start(started, dag_id=dag.dag_id).workflow
    engine.dispose()

    with site.open_client() as browser:
        answer = browser.post(f"{site.url}/auth/token", json={"username": "admin", "password": "admin"})
        token = {"Authorization": f"Bearer {answer.json()['access_token']}"}

        def buttons(run_id: str) -> object:
            task = f"{site.url}/api/v2/dags/{dag.dag_id}/dagRuns/{run_id}/taskInstances/work"
            return browser.get(f"{task}/links", headers=token).raise_for_status().json()["extra_links"]

        assert buttons(started) == {"Workflow": f"{site.url}/plugin/wfstate?workflow={workflow.id}"}
        assert buttons(other) == {"Workflow": None}


def test_a_connection_with_the_authority_reaches_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ca = {"ca": str(site.certificates.authority)}
    assert _connect(monkeypatch, host=site.url, extra=ca).get_conn().check().startswith(f"{site.url}/wfstate/v1 ans")
    bare = _connect(monkeypatch, host=f"localhost{PATH}/", schema="https", port=site.port, extra=ca)
    assert bare.get_conn().check().startswith(f"{site.url}/wfstate/v1 answered")


@pytest.mark.skipif(not has_ipv6(), reason="This machine has no IPv6.")
def test_a_connection_may_name_an_ipv6_address(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = _connect(
        monkeypatch, host="::1" + PATH, schema="https", port=site.port, extra={"ca": str(site.certificates.authority)}
    )
    assert hook.get_conn().check().startswith(f"https://[::1]:{site.port}{PATH}/wfstate/v1 answered")


def test_a_connection_may_leave_the_certificate_unverified(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _connect(monkeypatch, host=site.url, extra={"verify": False}).test_connection()[0]


def test_a_certificate_that_is_not_trusted_is_named_at_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=pauses.append))
    with pytest.raises(ServerUnreachable) as raised:
        _connect(monkeypatch, host=site.url).get_conn().check()
    assert pauses == []  # nothing was tried again
    assert f"The certificate of the api-server at {site.url}/wfstate/v1 is not trusted here: " in raised.value.reason
    assert "extra 'ca'" in raised.value.remedy
    assert "connection wfstate_default" in raised.value.remedy


def test_an_authority_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hook = _connect(monkeypatch, host="https://localhost", extra={"ca": str(tmp_path / "none.pem")})
    with pytest.raises(InvalidRequest, match=r"extra 'ca' names .*none\.pem"):
        hook.get_conn()


def test_a_task_trusts_what_airflows_own_client_trusts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__SSL_CERT", str(site.certificates.authority))
    engine = create_engine(site.database_url)
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    task = world.rows.add_task("intake", run_id, "work")
    backend = ApiBackend(site.url, StaticToken(task_token(task)), configured_by="the test")
    assert backend.begin_step(BeginStep(task, "charge")).decision is BeginDecision.RUN
    backend.close()
    engine.dispose()
