"""A key is started again while its workflow is running: one second run attaches to it, the other ends it first."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.client import Json
from demo.stage import Stage

pytestmark = pytest.mark.live


def _holds(folder: Path, key: str, generation: int) -> bool:
    return (folder / f"{key}-{generation}-holds").exists()


def _attempts(workflow: Json) -> dict[str, int]:
    return {step["name"]: len(step["attempts"]) for step in workflow["steps"]}


def test_a_second_run_attaches_or_terminates(stage: Stage, tmp_path: Path) -> None:
    shared, replaced = f"{stage.label}-shared", f"{stage.label}-replaced"

    def trigger(if_exists: str, key: str, run: int, go_on: str) -> None:
        conf = {"key": key, "folder": str(tmp_path), "go_on": go_on}
        stage.client.trigger(f"start_again_{if_exists}", f"{key}-{run}", conf)

    trigger("attach", shared, 1, "go-on")
    trigger("terminate", replaced, 1, "never")
    for key in (shared, replaced):
        stage.wait_for(f"{key} to be at work", lambda key=key: _holds(tmp_path, key, 1))

    trigger("attach", shared, 2, "go-on")
    trigger("terminate", replaced, 2, "go-on")  # another input: it replaces what the first run does
    stage.wait_for("the first run to be terminated", lambda: _state(stage, replaced, 1) == "compensating")
    stage.wait_for("the second run to wait", lambda: _task_state(stage, "attach", f"{shared}-2", "hold") == "deferred")
    (tmp_path / "go-on").touch()

    for run_id in (f"{shared}-1", f"{shared}-2"):
        stage.wait_for_run("start_again_attach", run_id, "success")
    stage.wait_for_run("start_again_terminate", f"{replaced}-1", "failed")
    stage.wait_for_run("start_again_terminate", f"{replaced}-2", "success")

    joined = stage.wait_for_workflow("start_again", shared, "succeeded")
    assert [(run["run_id"], run["role"]) for run in joined["runs"]] == [
        (f"{shared}-1", "owner"),
        (f"{shared}-2", "guest"),
    ]
    assert _attempts(joined) == {"reserve": 1, "hold": 1}
    for task_id in ("reserve", "hold"):
        first, second = (stage.client.xcom("start_again_attach", f"{shared}-{run}", task_id) for run in (1, 2))
        assert first == second

    second = stage.wait_for_workflow("start_again", replaced, "succeeded")
    assert (second["summary"]["generation"], len(second["runs"])) == (2, 1)
    assert _attempts(second) == {"reserve": 1, "hold": 1}
    assert _state(stage, replaced, 1) == "compensated"
    journal = stage.client.journal(_generation(stage, replaced, 1)["id"])
    (terminated,) = [entry for entry in journal if entry["kind"] == "workflow.compensating"]
    assert (terminated["data"]["by"], terminated["actor"]) == (
        "terminate",
        f"task:start_again_terminate/{replaced}-2/start",
    )
    began = {entry["kind"]: entry["at"] for entry in stage.client.journal(second["summary"]["id"])}
    assert began["workflow.started"] > journal[-1]["at"]


def _generation(stage: Stage, key: str, generation: int) -> Json:
    (found,) = [
        workflow
        for workflow in stage.client.workflows(name="start_again", key=key)
        if workflow["generation"] == generation
    ]
    return found


def _state(stage: Stage, key: str, generation: int) -> str:
    return str(_generation(stage, key, generation)["state"])


def _task_state(stage: Stage, if_exists: str, run_id: str, task_id: str) -> str | None:
    state: str | None = stage.client.task_instance(f"start_again_{if_exists}", run_id, task_id)["state"]
    return state
