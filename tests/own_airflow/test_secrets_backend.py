"""The connection of the workers is kept in a secrets backend, and nowhere else."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from demo import environment
from demo.client import AirflowClient
from demo.standalone import LiveAirflow

pytestmark = pytest.mark.live

_CONNECTION = "orders_state"
_DAG = """
from airflow.sdk import dag, task
from airflow_wfstate import STEP, CompleteWorkflowOperator, StartWorkflowOperator, Step


@dag(schedule=None)
def greeting():
    @task.step
    def greet(name, step: Step = STEP):
        step.checkpoint("seen", name)
        return {"greeting": f"Hello, {name}", "attempt": step.attempt}

    start = StartWorkflowOperator(task_id="start", name="greeting", key="ada", plan=["greet"])
    start >> greet("Ada") >> CompleteWorkflowOperator(task_id="complete", output="done")


greeting()
"""

_STEP, _START, _END = "@task.step", "key=", "output="


def test_steps_go_by_a_connection_that_a_secrets_backend_of_the_workers_holds(tmp_path: Path) -> None:
    home, port = tmp_path / "airflow", environment.free_port()
    (home / "dags").mkdir(parents=True)
    named = f'wfstate_conn_id="{_CONNECTION}"'
    source = _DAG.replace(_STEP, f"{_STEP}({named})").replace(_START, f"{named}, {_START}")
    (home / "dags" / "greeting.py").write_text(source.replace(_END, f"{named}, {_END}"))
    passwords = {"admin": "of-a-person", "orders": "of-the-workers"}
    (home / "simple_auth_manager_passwords.json.generated").write_text(json.dumps(passwords))
    secret = {
        "conn_type": "wfstate",
        "host": f"http://localhost:{port}",
        "login": "orders",
        "password": "of-the-workers",
    }
    vault = tmp_path / "vault.json"
    vault.write_text(json.dumps({_CONNECTION: secret}))
    vault.chmod(0o600)
    variables = {
        **environment.bare(home),
        **environment.on_port(port),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,orders:user",
        "AIRFLOW__WORKERS__SECRETS_BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__WORKERS__SECRETS_BACKEND_KWARGS": json.dumps({"connections_file_path": str(vault)}),
    }
    with LiveAirflow(home, port, variables) as airflow:
        airflow.wait_until_healthy(timeout_seconds=300)
        client = airflow.client()
        assert _CONNECTION not in airflow.run("connections", "list", "-o", "json").stdout
        _run_once(client, "greeting", "first")
        listed = airflow.run("wfstate", "list", "-o", "json")
        client.close()
        logins = airflow.log_file.read_text(errors="replace").count("/auth/token")
    (workflow,) = json.loads(listed.stdout)
    assert (workflow["key"], workflow["state"], workflow["steps_done"]) == ("ada", "succeeded", 1)
    # The test's own client logs in too. A token that tasks sign themselves needs no login.
    assert logins >= 2
    assert "of-the-workers" not in airflow.log_file.read_text(errors="replace")


def _run_once(client: AirflowClient, dag_id: str, run_id: str) -> None:
    """Trigger a DAG as soon as Airflow has parsed it, and wait until the run has succeeded."""
    deadline = time.monotonic() + 240
    while not client.has_dag(dag_id):
        assert time.monotonic() < deadline, f"Airflow did not parse the DAG: {client.import_errors()}"
        time.sleep(1)
    client.unpause(dag_id)
    client.trigger(dag_id, run_id, {})
    while (state := client.run_state(dag_id, run_id)) not in ("success", "failed"):
        assert time.monotonic() < deadline, f"The run is still {state}."
        time.sleep(0.5)
    assert state == "success"
