"""From a connection to a backend: the cases of the hook, in a process of each kind."""

from __future__ import annotations

import json
import socket

import pytest

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.exceptions import InvalidRequest, ServerUnreachable
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook


@pytest.fixture
def blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a task process: Airflow's supervisor sets this."""
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "airflow-db-not-allowed:///")


def define(monkeypatch: pytest.MonkeyPatch, conn_id: str = "wfstate_default", **fields: object) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        port: int = listener.getsockname()[1]
    return port


def test_without_a_connection_outside_a_task_it_is_airflows_own_engine() -> None:
    from airflow import settings

    backend = WorkflowStateHook().get_conn()
    assert isinstance(backend, DatabaseBackend)
    assert backend.engine is settings.engine


def test_the_backend_is_kept() -> None:
    assert WorkflowStateHook().get_conn() is WorkflowStateHook().get_conn()


@pytest.mark.usefixtures("blocked")
def test_without_a_connection_and_outside_a_task_instance_nothing_can_be_signed() -> None:
    with pytest.raises(InvalidRequest, match="outside a task instance"):
        WorkflowStateHook().get_conn()


def test_a_wfstate_connection_is_http(monkeypatch: pytest.MonkeyPatch) -> None:
    define(monkeypatch, conn_type="wfstate", host="localhost", port=closed_port(), login="a", password="b")
    backend = WorkflowStateHook().get_conn()
    assert isinstance(backend, ApiBackend)
    backend.close()


def test_a_postgres_connection_is_straight_to_the_tables(
    monkeypatch: pytest.MonkeyPatch, migrated_postgres_url: str
) -> None:
    from sqlalchemy import make_url

    url = make_url(migrated_postgres_url)
    host = url.host or url.query.get("host")
    define(
        monkeypatch,
        "tables",
        conn_type="postgres",
        host=host,
        port=url.port,
        login=url.username,
        password=url.password,
        schema=url.database,
    )
    backend = WorkflowStateHook("tables").get_conn()
    assert isinstance(backend, DatabaseBackend)
    assert backend.check().startswith("postgresql answered")
    backend.engine.dispose()


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"conn_type": "http", "host": "x"}, "is of type 'http'"),
        ({"conn_type": "wfstate", "login": "a", "password": "b"}, "has no host"),
        ({"conn_type": "wfstate", "host": "x"}, "has no credentials"),
    ],
)
def test_a_connection_that_leads_nowhere_is_refused(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, object], complaint: str
) -> None:
    define(monkeypatch, **fields)
    with pytest.raises(InvalidRequest, match=complaint):
        WorkflowStateHook().get_conn()


def test_a_connection_that_is_not_defined_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="'elsewhere' is not defined"):
        WorkflowStateHook("elsewhere").get_conn()


def test_a_server_that_is_down_names_url_and_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__WFSTATE__API_RETRY_SECONDS", "0.3")
    port = closed_port()
    define(monkeypatch, conn_type="wfstate", host=f"http://localhost:{port}", login="a", password="b")
    hook = WorkflowStateHook()
    answers, message = hook.test_connection()
    assert not answers
    assert f"http://localhost:{port}/wfstate/v1" in message
    assert "the Airflow connection wfstate_default" in message
    backend = hook.get_conn()
    with pytest.raises(ServerUnreachable):
        backend.list_workflows(WorkflowQuery())
    assert isinstance(backend, ApiBackend)
    backend.close()


def test_an_unreachable_server_is_blamed_on_the_connection_that_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__WFSTATE__API_RETRY_SECONDS", "0.3")
    fields = {"conn_type": "wfstate", "host": f"http://localhost:{closed_port()}", "login": "u", "password": "p"}
    define(monkeypatch, "shop_state", **fields)

    answers, message = WorkflowStateHook("shop_state").test_connection()

    assert not answers
    assert "the Airflow connection shop_state: correct it" in message
    assert "wfstate_default" not in message
