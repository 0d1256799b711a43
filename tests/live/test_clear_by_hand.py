"""Clear succeeded tasks through Airflow's REST API, as its page does: first single tasks, then the whole run."""

from __future__ import annotations

import pytest

from demo.client import Json
from demo.stage import Stage

pytestmark = pytest.mark.live


def _rounds(workflow: Json) -> dict[str, int]:
    return {step["name"]: step["round"] for step in workflow["steps"]}


def _kinds(stage: Stage, workflow: Json) -> list[str]:
    return [entry["kind"] for entry in stage.client.journal(workflow["summary"]["id"])]


def test_cleared_tasks_run_again_and_a_cleared_run_does_everything_again(stage: Stage) -> None:
    order_id, run_id = f"{stage.label}-cleared", f"{stage.label}-cleared-1"
    stage.client.trigger("order_intake", run_id, {"order_id": order_id})
    stage.wait_for_run("order_intake", run_id, "success")
    first = stage.wait_for_workflow("order", order_id, "succeeded")
    assert set(_rounds(first).values()) == {1}

    stage.client.clear("order_intake", run_id, ["charge_card"])
    reopened = stage.wait_for("the second round of charge_card", lambda: _with_round(stage, order_id, "charge_card", 2))
    assert _rounds(reopened) == {**_rounds(first), "charge_card": 2}
    assert reopened["summary"]["state"] == "running"

    stage.wait_for_run("order_intake", run_id, "success")
    stage.client.clear("order_intake", run_id, ["complete"])
    again = stage.wait_for_workflow("order", order_id, "succeeded")
    assert again["summary"]["id"] == first["summary"]["id"]

    stage.wait_for_run("order_intake", run_id, "success")
    stage.client.clear("order_intake", run_id)
    stage.wait_for("a third round of charge_card", lambda: _with_round(stage, order_id, "charge_card", 3))
    stage.wait_for_run("order_intake", run_id, "success")
    done = stage.wait_for_workflow("order", order_id, "succeeded")
    assert _rounds(done)["reserve_stock"] == 2
    assert _rounds(done)["fulfil"] == 2
    assert len([run for run in done["runs"] if run["dag_id"] == "order_fulfilment"]) == 2
    assert _kinds(stage, done).count("workflow.reopened") == 2
    assert _kinds(stage, done).count("workflow.succeeded") == 3


def _with_round(stage: Stage, order_id: str, step: str, number: int) -> Json | None:
    workflow = stage.workflow("order", order_id)
    if workflow is None:
        return None
    reached = any(
        found["name"] == step and found["round"] == number and found["state"] == "succeeded"
        for found in workflow["steps"]
    )
    return workflow if reached else None
