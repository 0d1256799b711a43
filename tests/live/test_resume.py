"""Resume workflows on the command line and through the API: finished work is not done again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.client import Json
from demo.stage import Stage

pytestmark = pytest.mark.live

_OWNER, _CHILD = "resumable", "resumable_child"


@dataclass(frozen=True)
class Deliveries:
    """Submitted orders. All start at once, so that the tests wait for them together.

    :param folder: where each order's effects are, and what breaks its carrier.
    """

    stage: Stage
    folder: Path

    def key(self, name: str) -> str:
        """The key of the order with this name, which is also the id of its run."""
        return f"{self.stage.label}-{name}"

    def submit(self, name: str, *, broken: bool) -> None:
        """Start an order."""
        if broken:
            self._breakage(name).touch()
        self.stage.client.trigger(_OWNER, self.key(name), {"key": self.key(name), "folder": str(self.folder)})

    def mend(self, name: str) -> None:
        """Let the carrier of the order work again."""
        self._breakage(name).unlink()

    def held(self, name: str) -> Json:
        """The order's workflow, once its runs have failed and it is on hold."""
        self.stage.wait_for_run(_OWNER, self.key(name), "failed")
        return self.stage.wait_for_workflow(_OWNER, self.key(name), "failed")

    def done(self, name: str) -> Json:
        """The order's workflow, once it and its run have succeeded."""
        workflow = self.stage.wait_for_workflow(_OWNER, self.key(name), "succeeded")
        self.stage.wait_for_run(_OWNER, self.key(name), "success")
        return workflow

    def effects(self, name: str) -> Counter[str]:
        """How often each step acted."""
        lines = (self.folder / f"{self.key(name)}.effects").read_text().splitlines()
        return Counter(line.split()[0] for line in lines)

    def _breakage(self, name: str) -> Path:
        return self.folder / f"{self.key(name)}.broken"


@pytest.fixture(scope="module")
def deliveries(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Deliveries:
    for dag_id in (_OWNER, _CHILD):
        stage.wait_for(f"Airflow to parse {dag_id}", _parsed(stage, dag_id))
    deliveries = Deliveries(stage, tmp_path_factory.mktemp("deliveries"))
    deliveries.submit("resumed", broken=True)
    deliveries.submit("deleted", broken=True)
    deliveries.submit("restarted", broken=False)
    return deliveries


def _parsed(stage: Stage, dag_id: str) -> Callable[[], bool]:
    return lambda: stage.client.has_dag(dag_id)


def _rounds(workflow: Json) -> dict[str, int]:
    return {step["name"]: step["round"] for step in workflow["steps"]}


def _attempts(workflow: Json) -> dict[str, int]:
    return {step["name"]: len(step["attempts"]) for step in workflow["steps"]}


def _resumes(stage: Stage, workflow: Json) -> list[Json]:
    journal = stage.client.journal(workflow["summary"]["id"])
    return [entry for entry in journal if entry["kind"] in ("workflow.resumed", "workflow.reopened")]


def test_a_failed_order_is_resumed_by_command_and_ends_well(deliveries: Deliveries) -> None:
    stage = deliveries.stage
    held = deliveries.held("resumed")
    assert deliveries.effects("resumed") == {"reserve": 1, "pack": 1}
    deliveries.mend("resumed")

    resumed = stage.airflow.run(
        "wfstate", "resume", f"{_OWNER}/{deliveries.key('resumed')}", "--yes", "--reason", "mended", "-o", "json"
    )

    assert resumed.returncode == 0, resumed.stderr
    answer = json.loads(resumed.stdout)
    assert (answer["changed"], answer["cleared_tasks"], answer["cleared_relays"]) == (True, 3, 2)
    done = deliveries.done("resumed")
    assert done["summary"]["id"] == held["summary"]["id"]
    assert deliveries.effects("resumed") == {"reserve": 1, "pack": 1, "ship": 1}
    assert _attempts(done) == {"reserve": 1, "deliver": 2, "pack": 1, "ship": 2}
    assert set(_rounds(done).values()) == {1}
    assert len(done["runs"]) == 2
    assert [entry["data"]["reason"] for entry in _resumes(stage, done)] == ["mended"]


def test_an_order_whose_run_was_deleted_is_resumed_in_a_run_of_the_same_id(deliveries: Deliveries) -> None:
    stage, key = deliveries.stage, deliveries.key("deleted")
    held = deliveries.held("deleted")
    stage.client.delete_run(_OWNER, key)
    deliveries.mend("deleted")

    answer = stage.client.resume(held["summary"]["id"])

    assert (answer["changed"], answer["recreated_runs"]) == (True, 1)
    done = deliveries.done("deleted")
    assert done["summary"]["id"] == held["summary"]["id"]
    assert deliveries.effects("deleted") == {"reserve": 1, "pack": 1, "ship": 1}
    assert _attempts(done) == {"reserve": 1, "deliver": 2, "pack": 1, "ship": 2}


def test_a_delivered_order_is_restarted_from_a_step_of_its_child(deliveries: Deliveries) -> None:
    stage, key = deliveries.stage, deliveries.key("restarted")
    first = deliveries.done("restarted")
    assert deliveries.effects("restarted") == {"reserve": 1, "pack": 1, "ship": 1}
    (child_run,) = [run["run_id"] for run in first["runs"] if run["dag_id"] == _CHILD]
    stage.wait_for_run(_CHILD, child_run, "success")

    restarted = stage.airflow.run("wfstate", "restart", f"{_OWNER}/{key}", "--from", "ship", "--yes")

    assert restarted.returncode == 0, restarted.stderr
    assert "runs again as round 2" in restarted.stdout
    done = deliveries.done("restarted")
    assert deliveries.effects("restarted") == {"reserve": 1, "pack": 1, "ship": 2}
    assert _rounds(done) == {"reserve": 1, "deliver": 2, "pack": 1, "ship": 2}
    assert [run["run_id"] for run in done["runs"]] == [key, child_run], "no second child was triggered"
    assert [entry["kind"] for entry in _resumes(stage, done)] == ["workflow.reopened"]
