"""Whatever dies while a step is running, finished steps return their stored output, and the broken step continues."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from demo.client import Json
from demo.stage import Stage

pytestmark = pytest.mark.live


class Mortals:
    """Runs of the DAG ``mortal``, and what their steps report in a folder."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.folder = folder

    def key(self, name: str) -> str:
        return f"{self.stage.label}-mortal-{name}"

    def trigger(self, name: str, run: int = 1) -> None:
        conf = {"key": self.key(name), "folder": str(self.folder)}
        self.stage.client.trigger("mortal", f"{self.key(name)}-{run}", conf)

    def told(self, name: str, what: str, attempt: int) -> dict[str, Any] | None:
        """What an attempt reported; None if it has not reported (yet)."""
        path = self.folder / f"{self.key(name)}.{what}.{attempt}"
        return json.loads(path.read_text()) if path.exists() else None

    def at_work(self, name: str, attempt: int = 1) -> dict[str, Any]:
        return self.stage.wait_for(
            f"attempt {attempt} of {name} to be at work", lambda: self.told(name, "work", attempt), pause_seconds=0.1
        )

    def let_go_on(self, name: str, attempt: int) -> None:
        (self.folder / f"{self.key(name)}.go.{attempt}").touch()

    def send(self, number: signal.Signals, pid: int) -> None:
        assert self.stage.airflow.owns_process(pid)
        os.kill(pid, number)

    def ended_well(self, name: str, run: int = 1) -> Json:
        """The workflow, when its run has ended: with one call of the step before, and one record of the payment."""
        self.stage.wait_for_run("mortal", f"{self.key(name)}-{run}", "success")
        workflow = self.stage.wait_for_workflow("mortal", self.key(name), "succeeded")
        assert (self.folder / f"{self.key(name)}.before").read_text() == "called\n"
        steps = {step["name"]: step for step in workflow["steps"]}
        assert [len(steps["before"]["attempts"]), steps["work"]["round"]] == [1, 1]
        told = [self.told(name, "work", attempt["number"]) for attempt in steps["work"]["attempts"]]
        assert len({str(one["idempotency_key"]) for one in told if one is not None}) == 1
        assert {one["half"] for one in told if one is not None} == {1}
        assert (self.output(workflow)["half"], self.output(workflow)["paid"]) == (1, 1)
        return workflow

    def output(self, workflow: Json) -> dict[str, int]:
        (text,) = [step["output"]["text"] for step in workflow["steps"] if step["name"] == "work"]
        output: dict[str, int] = json.loads(text)
        return output

    def attempts(self, workflow: Json) -> list[str]:
        (step,) = [step for step in workflow["steps"] if step["name"] == "work"]
        return [attempt["state"] for attempt in step["attempts"]]


@pytest.fixture
def mortals(stage: Stage, tmp_path: Path) -> Mortals:
    stage.wait_for("the DAG mortal", lambda: stage.client.has_dag("mortal"))
    return Mortals(stage, tmp_path)


def test_a_killed_process_a_dead_worker_a_zombie_and_a_second_run(mortals: Mortals) -> None:
    """All at once, because Airflow takes a while to notice that a worker is dead."""
    stage = mortals.stage
    for name in ("killed", "orphan", "zombie"):
        mortals.trigger(name)
    killed, orphan, zombie = (mortals.at_work(name) for name in ("killed", "orphan", "zombie"))
    mortals.send(signal.SIGKILL, killed["pid"])
    # Kill the supervisor, which is the worker with the LocalExecutor. The task's process lives on unnoticed.
    mortals.send(signal.SIGKILL, orphan["parent"])
    mortals.send(signal.SIGSTOP, zombie["parent"])
    mortals.send(signal.SIGSTOP, zombie["pid"])

    mortals.at_work("killed", 2)
    mortals.let_go_on("killed", 2)
    assert mortals.attempts(mortals.ended_well("killed")) == ["lost", "succeeded"]

    # Two runs of one workflow: the second waits for the first without taking a worker slot.
    mortals.trigger("shared", 1)
    mortals.at_work("shared")
    mortals.trigger("shared", 2)
    second = mortals.key("shared") + "-2"
    stage.wait_for(
        "the second run to wait",
        lambda: stage.client.task_instance("mortal", second, "work")["state"] == "deferred",
    )
    mortals.let_go_on("shared", 1)
    shared = mortals.ended_well("shared", 1)
    mortals.ended_well("shared", 2)
    assert mortals.attempts(shared) == ["succeeded"]
    assert stage.client.xcom("mortal", second, "work") == mortals.output(shared)

    mortals.at_work("orphan", 2)
    mortals.let_go_on("orphan", 1)
    stage.wait_for("the orphan to be refused", lambda: mortals.told("orphan", "refused", 1))
    mortals.let_go_on("orphan", 2)
    assert mortals.attempts(mortals.ended_well("orphan")) == ["lost", "succeeded"]

    # The zombie comes back after its successor has begun.
    mortals.at_work("zombie", 2)
    mortals.let_go_on("zombie", 1)
    mortals.send(signal.SIGCONT, zombie["pid"])
    refused = stage.wait_for("the zombie to be refused", lambda: mortals.told("zombie", "refused", 1))
    assert refused["kind"] == "StaleAttempt"
    mortals.send(signal.SIGCONT, zombie["parent"])
    stage.wait_for(
        "the log of the zombie's task",
        lambda: refused["text"] in stage.client.log("mortal", mortals.key("zombie") + "-1", "work", 1),
    )
    mortals.let_go_on("zombie", 2)
    workflow = mortals.ended_well("zombie")
    assert mortals.attempts(workflow) == ["lost", "succeeded"]
    assert mortals.output(workflow)["attempt"] == 2


def test_an_api_server_that_dies_while_a_step_is_at_work(mortals: Mortals) -> None:
    mortals.trigger("served")
    mortals.at_work("served")

    mortals.stage.airflow.kill_part("api-server")
    mortals.let_go_on("served", 1)  # its next checkpoint finds no server
    mortals.let_go_on("served", 2)
    mortals.stage.airflow.start_part("api-server")
    mortals.stage.airflow.wait_until_healthy(timeout_seconds=120)

    mortals.ended_well("served")


def test_a_transactional_step_killed_after_its_commit_answers_from_the_marker(stage: Stage, tmp_path: Path) -> None:
    key = f"{stage.label}-booked"
    stage.wait_for("the DAG booking", lambda: stage.client.has_dag("booking"))
    stage.client.trigger("booking", key, {"key": key, "folder": str(tmp_path)})
    stage.wait_for_run("booking", key, "success")

    workflow = stage.wait_for_workflow("booking", key, "succeeded")
    (step,) = workflow["steps"]
    assert [attempt["state"] for attempt in step["attempts"]] == ["lost", "succeeded"]
    with psycopg.connect(stage.warehouse_url) as warehouse:
        ((backend,),) = warehouse.execute("SELECT backend FROM booking WHERE key = %s", (key,)).fetchall()
        ((output,),) = warehouse.execute(
            "SELECT output FROM wfstate_commit WHERE workflow_id = %s", (workflow["summary"]["id"],)
        ).fetchall()
    assert json.loads(output) == json.loads(step["output"]["text"]) == {"key": key, "backend": backend}
