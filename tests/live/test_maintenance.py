"""The DAG wfstate_maintenance sweeps through the API, and says what it needs when it cannot."""

from __future__ import annotations

import pytest

from demo.client import Json
from demo.stage import Stage

pytestmark = pytest.mark.live

DAG_ID = "wfstate_maintenance"


def _next_run(stage: Stage, known: set[str]) -> Json:
    """The state and id of the oldest unknown run, once it has ended."""

    def ended() -> Json | None:
        new = [run for run in stage.client.runs(DAG_ID) if run["dag_run_id"] not in known]
        return new[0] if new and new[0]["state"] in ("success", "failed") else None

    return stage.wait_for("a run of the maintenance DAG to end", ended)


def test_it_sweeps_over_the_api_and_says_what_it_needs(stage: Stage) -> None:
    client = stage.client
    stage.wait_for("the maintenance DAG", lambda: client.has_dag(DAG_ID))
    client.unpause(DAG_ID)  # it is created paused, and starts at once when unpaused
    try:
        first = _next_run(stage, set())
        assert first["state"] == "failed"
        log = client.log(DAG_ID, first["dag_run_id"], "sweep", 1)
        assert "The sweep needs the Airflow connection wfstate_default of type wfstate" in log

        client.add_connection(
            "wfstate_default",
            {
                "conn_type": "wfstate",
                "host": stage.airflow.url,
                "login": "admin",
                "password": stage.airflow.password(),
            },
        )
        known = {run["dag_run_id"] for run in client.runs(DAG_ID)}
        client.trigger(DAG_ID, f"{stage.label}-sweep", {})
        second = _next_run(stage, known)
        assert second["state"] == "success"
        log = client.log(DAG_ID, second["dag_run_id"], "sweep", 1)
        assert "SweepReport(swept=True" in log or "Another sweep is under way" in log
        client.delete_connection("wfstate_default")
    finally:
        client.pause(DAG_ID)
