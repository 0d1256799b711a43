"""Every way in which a workflow can get stuck, on a live Airflow: it is flagged with its cause while it lasts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from demo.client import Json
from demo.stage import Stage

pytestmark = pytest.mark.live

CAUSES = {
    "paused": (
        "queued",
        "The run {run} of DAG stuck_paused makes no progress: the DAG is paused",
        "airflow dags unpause",
    ),
    "pool": (
        "queued",
        "Task after of run {run} of DAG stuck_pool waits for the pool stuck, which has 0 slots",
        "airflow pools",
    ),
    "slow": ("slow", "Step hold has been running without a checkpoint for 0:0", "airflow tasks states-for-dag-run"),
    "child": ("child_lost", "Step delegate waits for the run wfstate", "airflow wfstate show"),
    "upstream": ("upstream_failed", "Task after of run {run} of DAG stuck_upstream will never run", "airflow wfstate"),
    "held": ("held", "It failed: ", "airflow wfstate resume"),
    "forgotten": ("not_completed", "Its runs ended well, but none of them completed it", "airflow wfstate cancel"),
    "turn": ("turn_not_taken", "The run {run} of DAG stuck_turn has the turn to compensate", "airflow dags unpause"),
    "overdue_flag": ("overdue", "Its deadline passed at ", "airflow wfstate cancel"),
}
"""Of each DAG, without its ``stuck_``: the flag, how its cause begins, and how the command that would help."""


class Stuck:
    """One run of each DAG that gets stuck."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage, self.client, self.folder = stage, stage.client, folder

    def key(self, name: str) -> str:
        return f"{self.stage.label}-{name}"

    def trigger(self, name: str, *, key: str | None = None) -> None:
        conf = {"key": self.key(key or name), "folder": str(self.folder)}
        self.client.trigger(f"stuck_{name}", self.key(key or name), conf)

    def let_go_on(self, name: str) -> None:
        (self.folder / f"{self.key(name)}.go").touch()

    def workflow(self, name: str) -> Json | None:
        return self.stage.workflow("stuck", self.key(name))

    def state(self, name: str) -> str | None:
        workflow = self.workflow(name)
        return None if workflow is None else workflow["summary"]["state"]

    def step_is(self, name: str, step: str, state: str) -> None:
        def reached() -> bool:
            steps = {} if (workflow := self.workflow(name)) is None else {s["name"]: s for s in workflow["steps"]}
            return step in steps and steps[step]["state"] == state

        self.stage.wait_for(f"step {step} of {name} to be {state}", reached)

    def flags(self) -> dict[str, list[Json]]:
        """What the list of the stuck has of ours, by the name of the DAG, after a pass of the sweep."""
        self.stage.sweep()
        listed = self.client.workflows(stuck="true", name="stuck", limit=200)
        return {workflow["key"].removeprefix(f"{self.stage.label}-"): workflow["flags"] for workflow in listed}


@pytest.fixture
def stuck(stage: Stage, tmp_path: Path) -> Stuck:
    names = [*CAUSES, *(f"overdue_{policy}" for policy in ("fail", "cancel", "compensate")), "child_waits"]
    for name in names:
        stage.wait_for(f"the DAG stuck_{name}", lambda name=name: stage.client.has_dag(f"stuck_{name}"))
    if not stage.client.has_pool("stuck"):
        stage.client.add_pool("stuck", 0)
    stage.client.resize_pool("stuck", 0)
    return Stuck(stage, tmp_path)


def test_each_cause_is_named_and_goes_away(stuck: Stuck) -> None:
    stage, client = stuck.stage, stuck.client
    for name in ("child", *(name for name in CAUSES if name != "child")):
        stuck.trigger(name)
    for policy in ("fail", "cancel", "compensate"):
        stuck.trigger(f"overdue_{policy}")

    # The child is gone. Its parent cannot notice, and no relay can take its turn.
    stuck.step_is("child", "delegate", "waiting")
    client.pause("stuck_child")
    (child,) = [run for run in client.workflow(_id(stuck, "child"))["runs"] if run["dag_id"] == "stuck_child_waits"]
    stage.wait_for(
        "the child to wait",
        lambda: client.task_instance(child["dag_id"], child["run_id"], "wait")["state"] == "deferred",
    )
    stage.delete_run(child["dag_id"], child["run_id"])
    stuck.step_is("turn", "wait", "waiting")
    client.pause("stuck_turn")
    client.cancel(_id(stuck, "turn"), compensate=True, reason="the customer called")
    stuck.step_is("paused", "hold", "running")
    client.pause("stuck_paused")
    stuck.let_go_on("paused")

    seen: dict[str, list[Json]] = {}

    def all_named() -> bool:
        seen.update(stuck.flags())
        return all(kind in {flag["kind"] for flag in seen.get(name, [])} for name, (kind, _, _) in CAUSES.items())

    stage.wait_for("every cause to be flagged", all_named, pause_seconds=1)
    for name, (kind, cause, command) in CAUSES.items():
        (flag,) = [flag for flag in seen[name] if flag["kind"] == kind]
        assert flag["cause"].startswith(cause.format(run=stuck.key(name))), flag
        assert flag["command"].startswith(command), flag
        assert flag["owner"] == "on-call", flag
        assert re.fullmatch(r"[^\n]+\.", flag["cause"]), flag

    # The command line shows the same, for people and for programs.
    shown = stage.airflow.run("wfstate", "stuck", "--name", "stuck", "--limit", "200", "-o", "json")
    assert shown.returncode == 0, shown.stderr
    causes = {flag["cause"] for workflow in json.loads(shown.stdout) for flag in workflow["flags"]}
    assert seen["held"][0]["cause"] in causes

    # Each deadline acted once, according to its policy.
    for name, state in (("fail", "failed"), ("cancel", "cancelled"), ("compensate", "compensated")):
        stage.wait_for(f"the deadline to act: {name}", lambda n=name, s=state: stuck.state(f"overdue_{n}") == s)
        kinds = [entry["kind"] for entry in client.journal(_id(stuck, f"overdue_{name}"))]
        assert kinds.count("workflow.overdue") == 1
    stage.wait_for_run("stuck_overdue_cancel", stuck.key("overdue_cancel"), "failed")

    # Remove what blocked them: they continue, and the flags disappear by themselves.
    client.resize_pool("stuck", 2)
    for name in ("paused", "turn", "child"):
        client.unpause(f"stuck_{name}")
    stuck.let_go_on("slow")
    client.cancel(_id(stuck, "forgotten"), reason="nobody completed it")
    for name in ("overdue_flag", "held", "upstream"):
        client.cancel(_id(stuck, name), reason="the test has seen enough")
    for name, state in (("paused", "succeeded"), ("pool", "succeeded"), ("slow", "succeeded"), ("turn", "compensated")):
        stage.wait_for(f"{name} to be {state}", lambda name=name, state=state: stuck.state(name) == state)
    stage.wait_for("the child's parent to notice", lambda: stuck.state("child") != "running")
    stage.wait_for("the flags to go", lambda: set(stuck.flags()) <= {"child", "overdue_fail"}, pause_seconds=1)


def test_a_scheduler_that_is_dead_is_the_cause_while_it_is(stuck: Stuck) -> None:
    stuck.trigger("pool", key="scheduler")

    def cause_is(text: str) -> bool:
        return any(text in flag["cause"] for flag in stuck.flags().get("scheduler", []))

    stuck.stage.wait_for("the pool to be the cause", lambda: cause_is("waits for the pool stuck"), pause_seconds=1)
    stuck.stage.airflow.kill_part("scheduler")
    stuck.stage.wait_for("the scheduler to be missed", lambda: cause_is("no scheduler is alive"), pause_seconds=1)
    stuck.stage.airflow.start_part("scheduler")
    stuck.stage.wait_for("the pool to be the cause again", lambda: cause_is("waits for the pool"), pause_seconds=1)
    stuck.client.resize_pool("stuck", 2)
    stuck.stage.wait_for("it to go on", lambda: stuck.state("scheduler") == "succeeded")


def _id(stuck: Stuck, name: str) -> str:
    found = stuck.stage.wait_for(f"the workflow {name}", lambda: stuck.workflow(name))
    return str(found["summary"]["id"])
