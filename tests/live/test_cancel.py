"""Cancel a workflow of two DAGs while steps of all kinds are running, through the API and on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demo.client import Json
from demo.stage import Stage

pytestmark = pytest.mark.live

_CHILD = "cancellable_child"


def _begin(stage: Stage, key: str, folder: Path) -> None:
    stage.client.trigger("cancellable", key, {"key": key, "folder": str(folder)})


def _at_work(stage: Stage, key: str) -> Json | None:
    """The workflow, as soon as every step to cancel is running."""
    workflow = stage.workflow("cancellable", key)
    states = {step["name"]: step["state"] for step in (workflow or {"steps": []})["steps"]}
    wanted = {"work": "running", "wait": "waiting", "delegate": "waiting", "pack": "succeeded", "hold": "waiting"}
    return workflow if wanted.items() <= states.items() else None


def _child_run(workflow: Json) -> str:
    (run_id,) = [run["run_id"] for run in workflow["runs"] if run["dag_id"] == _CHILD]
    return str(run_id)


def _told(stage: Stage, workflow: Json, kind: str) -> list[str]:
    return [entry["step"] for entry in stage.client.journal(workflow["summary"]["id"]) if entry["kind"] == kind]


def test_a_cancel_ends_every_run_and_with_compensation_undoes_what_was_done(stage: Stage, tmp_path: Path) -> None:
    given_up, undone = f"{stage.label}-given-up", f"{stage.label}-undone"
    for key in (given_up, undone):
        _begin(stage, key, tmp_path)
    workflows = {
        key: stage.wait_for(f"the steps of {key} to be at work", lambda key=key: _at_work(stage, key))
        for key in (given_up, undone)
    }

    answer = stage.client.cancel(workflows[given_up]["summary"]["id"], reason="not wanted any more")
    assert (answer["workflow"]["state"], answer["changed"]) == ("cancelled", True)
    by_command = stage.airflow.run(
        "wfstate", "cancel", f"cancellable/{undone}", "--compensate", "--yes", "--reason", "undo it", "-o", "json"
    )
    assert by_command.returncode == 0, by_command.stderr
    assert json.loads(by_command.stdout)["workflow"]["state"] == "compensating"

    for key, workflow in workflows.items():
        stage.wait_for_run("cancellable", key, "failed")
        stage.wait_for_run(_CHILD, _child_run(workflow), "failed")
    stage.wait_for(
        "the steps at work to notice", lambda: _noticed(tmp_path) == [f"{given_up}-noticed", f"{undone}-noticed"]
    )
    compensated = stage.wait_for_workflow("cancellable", undone, "compensated")
    cancelled = stage.wait_for("the cancelled workflow to rest", lambda: _at_rest(stage, given_up))

    assert cancelled["summary"]["state"] == "cancelled"
    for workflow in (cancelled, compensated):
        attempts = {step["name"]: len(step["attempts"]) for step in workflow["steps"]}
        assert attempts == {"prepare": 1, "work": 1, "wait": 1, "delegate": 1, "pack": 1, "hold": 1}
        (work,) = [step for step in workflow["steps"] if step["name"] == "work"]
        assert json.loads(work["output"]["text"]) == {"noticed": True}
        assert (tmp_path / f"{workflow['summary']['key']}-tidied").exists()
    assert _told(stage, cancelled, "compensation.began") == []
    assert {item["state"] for step in cancelled["steps"] for item in step["compensations"]} == {"discarded"}
    assert _told(stage, compensated, "compensation.done") == [
        "cancellable.work",
        "cancellable_child.pack",
        "cancellable.prepare",
    ]
    journal = [entry["kind"] for entry in stage.client.journal(compensated["summary"]["id"])]
    first = journal.index("compensation.began")
    assert not {"step.began", "step.lost", "step.succeeded"} & set(journal[first:])


def _noticed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*-noticed") if path.read_text() == "True")


def _at_rest(stage: Stage, key: str) -> Json | None:
    workflow = stage.workflow("cancellable", key)
    if workflow is None or any(step["state"] in ("running", "waiting") for step in workflow["steps"]):
        return None
    return workflow
