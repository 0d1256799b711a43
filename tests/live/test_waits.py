"""Waits on a live Airflow whose triggerer is killed while they wait, and then replaced by two."""

from __future__ import annotations

import json

import httpx
import pytest

from demo.client import Json
from demo.stage import Stage
from tests.live.outside import Outside

pytestmark = pytest.mark.live

_SENSORS = ("ordered", "done", "in_vain")


def test_waits_outlive_their_triggerer_and_end_by_what_came_meanwhile(stage: Stage, outside: Outside) -> None:
    key = f"{stage.label}-waits"
    for dag_id in ("vendor", "watcher"):
        stage.wait_for(f"the DAG {dag_id}", lambda dag_id=dag_id: stage.client.has_dag(dag_id))

    def task(dag_id: str, task_id: str) -> Json:
        return stage.client.task_instance(dag_id, key, task_id)

    stage.client.trigger("watcher", key, {"key": key})
    stage.client.trigger("vendor", key, {"key": key})
    waiting = [("vendor", "order"), *(("watcher", sensor) for sensor in _SENSORS)]
    for dag_id, task_id in waiting:
        stage.wait_for(f"{dag_id}.{task_id} to wait", lambda of=(dag_id, task_id): task(*of)["state"] == "deferred")
    (effect,) = outside.effects(key)

    stage.airflow.kill_part("triggerer")
    for _ in range(2):  # a vendor that sends its answer twice
        answer = httpx.post(effect["url"], json={"price": 12}, timeout=30, trust_env=False)
        assert (answer.status_code, answer.json()) == (200, {"accepted": True})
    assert httpx.post(effect["url"], json={"price": 13}, timeout=30, trust_env=False).status_code == 404
    stage.airflow.start_part("triggerer")
    stage.airflow.start_part("triggerer")
    stage.airflow.wait_until_healthy(timeout_seconds=120)

    stage.wait_for_run("vendor", key, "success")
    stage.wait_for_run("watcher", key, "failed")  # waiting for something that cannot come fails at once
    assert {sensor: task("watcher", sensor)["state"] for sensor in (*_SENSORS, "poked")} == {
        "ordered": "success",
        "done": "success",
        "poked": "success",
        "in_vain": "failed",
    }
    workflow = stage.workflow("vendor", key)
    assert workflow is not None
    (step,) = workflow["steps"]
    assert json.loads(step["output"]["text"]) == {"placed": f"order of {key}", "answer": {"price": 12}}
    assert len(step["attempts"]) == 1
    assert outside.effects(key) == [effect]
