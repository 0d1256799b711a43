"""``pip install`` of the wheel and ``airflow standalone`` on its default SQLite: no configuration at all."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from demo import environment
from demo.client import AirflowClient
from demo.standalone import LiveAirflow

pytestmark = pytest.mark.live

DAG = """
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


def test_a_step_runs_on_airflow_standalone_as_it_comes(tmp_path: Path) -> None:
    home, port = tmp_path / "airflow", environment.free_port()
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "greeting.py").write_text(DAG)
    with LiveAirflow(home, port, {**environment.bare(home), **environment.on_port(port)}) as airflow:
        airflow.wait_until_healthy(timeout_seconds=300)
        client = airflow.client()
        run_once(client, "greeting", "first")
        listed = airflow.run("wfstate", "list", "-o", "json")
        client.close()
    assert listed.returncode == 0, listed.stderr
    (workflow,) = json.loads(listed.stdout)
    assert (workflow["name"], workflow["key"], workflow["state"]) == ("greeting", "ada", "succeeded")
    assert (workflow["steps_done"], workflow["steps_total"]) == (1, 1)


def run_once(client: AirflowClient, dag_id: str, run_id: str) -> None:
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
