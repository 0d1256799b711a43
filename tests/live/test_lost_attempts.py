"""On a live Airflow, attempts whose task instance has ended are marked lost. One that is still alive never is."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from demo.client import Json
from demo.stage import Stage

pytestmark = pytest.mark.live


class Losables:
    """Runs whose steps wait while running, and what they report in a folder."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.folder = folder

    def key(self, name: str) -> str:
        return f"{self.stage.label}-{name}"

    def trigger(self, dag_id: str, name: str) -> None:
        conf = {"key": self.key(name), "folder": str(self.folder)}
        self.stage.client.trigger(dag_id, self.key(name), conf)

    def at_work(self, name: str, item: str = "work", attempt: int = 1) -> dict[str, Any]:
        """What an attempt reported when it began: its process and the checkpoints it found."""
        path = self.folder / f"{self.key(name)}.{item}.{attempt}"
        return self.stage.wait_for(
            f"attempt {attempt} of {path.name}",
            lambda: json.loads(path.read_text()) if path.exists() else None,
            pause_seconds=0.1,
        )

    def kill(self, told: dict[str, Any]) -> None:
        assert self.stage.airflow.owns_process(told["pid"])
        os.kill(told["pid"], signal.SIGKILL)

    def let_go_on(self, name: str, item: str = "work", attempt: int = 1) -> None:
        (self.folder / f"{self.key(name)}.{item}.{attempt}.go").touch()

    def workflow(self, name: str, workflow_name: str = "losable") -> Json:
        found = self.stage.workflow(workflow_name, self.key(name))
        assert found is not None
        return found

    def attempts(self, name: str, item_key: str = "", workflow_name: str = "losable") -> list[str]:
        (step,) = [step for step in self.workflow(name, workflow_name)["steps"] if step["item_key"] == item_key]
        return [attempt["state"] for attempt in step["attempts"]]

    def sweep_until(self, what: str, names: list[tuple[str, str]], attempts: list[str]) -> None:
        """Sweep until the attempts of these steps (name, item key) are in these states."""

        def reached() -> bool:
            self.stage.client.sweep()
            return all(self.attempts(name, item_key) == attempts for name, item_key in names)

        self.stage.wait_for(what, reached, pause_seconds=1)


@pytest.fixture
def losables(stage: Stage, tmp_path: Path) -> Losables:
    for dag_id in ("losable", "losable_deleted", "losable_items", "alive"):
        stage.wait_for(f"the DAG {dag_id}", lambda dag_id=dag_id: stage.client.has_dag(dag_id))
    return Losables(stage, tmp_path)


def test_what_is_over_is_lost_and_what_lives_is_not(losables: Losables, dags_folder: Path) -> None:
    client = losables.stage.client
    losables.trigger("alive", "alive")
    losables.at_work("alive", "slow")
    for dag_id, name in (("losable", "killed"), ("losable_deleted", "deleted"), ("losable", "cleared")):
        losables.trigger(dag_id, name)
    told = {name: losables.at_work(name) for name in ("killed", "deleted", "cleared")}

    # Cleared while it is running: Airflow ends it, and the begin of the next try marks the old attempt lost.
    client.clear("losable", losables.key("cleared"), ["work"])
    losables.kill(told["cleared"])
    # One is killed on its last try, and the DAG of another is then deleted. The sweep marks both.
    losables.kill(told["killed"])
    losables.kill(told["deleted"])
    losables.stage.wait_for_run("losable_deleted", losables.key("deleted"), "failed")
    client.delete_dag("losable_deleted")

    assert losables.at_work("cleared", attempt=2)["checkpoints"] == {"seen": 1}
    assert losables.attempts("cleared") == ["lost", "running"]
    losables.let_go_on("cleared", attempt=2)

    # Of three items, one is done and two are killed. Then the DAG has only one of them, at another index.
    losables.trigger("losable_items", "items")
    items = {item: losables.at_work("items", item) for item in "abc"}
    losables.let_go_on("items", "a")
    for item in "bc":
        losables.kill(items[item])
    losables.stage.wait_for_run("losable_items", losables.key("items"), "failed")
    _change_items(losables, dags_folder, ["b"])
    client.clear("losable_items", losables.key("items"))
    assert losables.at_work("items", "b", 2)["checkpoints"] == {"seen": 1}
    losables.sweep_until("all of them to be lost", [("killed", ""), ("deleted", ""), ("items", "c")], ["lost"])
    assert client.task_instance("losable_items", losables.key("items"), "work/2")["state"] == "removed"
    assert losables.attempts("cleared") == ["lost", "succeeded"]
    assert losables.attempts("items", "b") == ["lost", "running"]
    assert losables.attempts("items", "a") == ["succeeded"]
    losables.let_go_on("items", "b", 2)

    # None of those sweeps touched anything that was alive.
    losables.stage.sweep()
    states = {step["name"]: step["state"] for step in losables.workflow("alive", "alive")["steps"]}
    assert states == {"slow": "running", "deferred": "waiting", "rescheduled": "waiting"}
    assert [entry for entry in _journal(losables, "alive", "alive") if entry["kind"] == "step.lost"] == []
    losables.let_go_on("alive", "slow")
    losables.stage.wait_for(
        "the slow step to end well", lambda: _states(losables)["slow"] == "succeeded", timeout_seconds=60
    )
    client.cancel(losables.workflow("alive", "alive")["summary"]["id"], reason="the test has seen enough")


def _states(losables: Losables) -> dict[str, str]:
    return {step["name"]: step["state"] for step in losables.workflow("alive", "alive")["steps"]}


def _journal(losables: Losables, name: str, workflow_name: str) -> list[Json]:
    return losables.stage.client.journal(losables.workflow(name, workflow_name)["summary"]["id"])


def _change_items(losables: Losables, dags_folder: Path, items: list[str]) -> None:
    """Change the DAG file, and wait until Airflow has parsed it."""
    file = dags_folder / "lost_attempts.py"
    before = losables.stage.client.dag_version("losable_items")
    changed = file.read_text().replace('ITEMS = ["a", "b", "c"]', f"ITEMS = {json.dumps(items)}")
    file.write_text(changed)

    def parsed() -> bool:
        # Airflow does not notice a change during a parse of the same file, so change its time again.
        file.touch()
        return losables.stage.client.dag_version("losable_items") > before

    losables.stage.wait_for("the changed DAG", parsed, timeout_seconds=120, pause_seconds=5)
