"""Sagas of well-known systems on a live Airflow, checked in the journal: what is undone, in which order, and how."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.client import Json
from demo.stage import Stage

pytestmark = pytest.mark.live

AT_ONCE = int(os.environ.get("WFSTATE_SAGAS_AT_ONCE", "8"))
"""How many workflows are undone at once. Up to 50 work (docs/explanation/reliability.md), which takes minutes."""


@dataclass(frozen=True)
class Scenario:
    """A row of the table.

    :param undone: the steps whose undo was done, in order, without their DAGs.
    :param failed: the steps whose undo failed.
    :param notice: whether the relay's callback is called.
    """

    name: str
    dag_id: str
    fails: str
    undone: list[str]
    ends: str
    undo_fails: str = "nothing"
    failed: tuple[str, ...] = ()
    notice: bool = False


ORDER = ("process_order", "process_payment", "reserve_inventory")

SCENARIOS = [
    Scenario("aws-1", "saga_order", ORDER[0], [ORDER[0]], "compensated"),
    Scenario("aws-1-undo", "saga_order", ORDER[0], [], "compensation_failed", ORDER[0], (ORDER[0],), notice=True),
    Scenario("aws-2", "saga_order", ORDER[1], [ORDER[1], ORDER[0]], "compensated"),
    Scenario("aws-2-undo", "saga_order", ORDER[1], [], "compensation_failed", ORDER[1], (ORDER[1],), notice=True),
    Scenario("aws-3", "saga_order", ORDER[2], [ORDER[2], ORDER[1], ORDER[0]], "compensated"),
    Scenario("aws-3-undo", "saga_order", ORDER[2], [], "compensation_failed", ORDER[2], (ORDER[2],), notice=True),
    Scenario("temporal-stop", "saga_options_stop", "last", ["three"], "compensation_failed", "two", ("two",)),
    Scenario(
        "temporal-continue", "saga_options_continue", "last", ["three", "one"], "compensation_failed", "two", ("two",)
    ),
    Scenario("eventuate-1", "saga_local", "one", [], "compensated"),
    Scenario("eventuate-2", "saga_local", "two", ["one"], "compensated"),
    Scenario("eventuate-3", "saga_local", "three", ["two", "one"], "compensated"),
]


class Sagas:
    """Runs of the sagas, and their journals."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage, self.client, self.folder = stage, stage.client, folder

    def key(self, name: str) -> str:
        return f"{self.stage.label}-{name}"

    def trigger(self, dag_id: str, name: str, **conf: str) -> None:
        self.client.trigger(dag_id, self.key(name), {"key": self.key(name), "folder": str(self.folder), **conf})

    def ended(self, name: str, state: str, workflow_name: str = "saga") -> Json:
        return self.stage.wait_for_workflow(workflow_name, self.key(name), state)

    def is_at(self, name: str, step: str) -> bool:
        """Whether this step of a workflow is running."""
        workflow = self.stage.workflow("saga", self.key(name))
        steps = [] if workflow is None else workflow["steps"]
        return any(found["name"] == step and found["state"] == "running" for found in steps)

    def told(self, workflow: Json, kind: str) -> list[str]:
        """The steps of the journal's entries of a kind, in order, without their DAGs."""
        journal = self.client.journal(workflow["summary"]["id"])
        return [entry["step"].partition(".")[2] for entry in journal if entry["kind"] == kind]


@pytest.fixture(scope="module")
def sagas(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Sagas:
    others = {
        "saga_timeout",
        "saga_by_hand",
        "saga_three",
        "saga_last",
        "saga_late",
        "saga_many",
        "saga_flight",
        "saga_flight_guest",
        "trip_booking",
    }
    dag_ids = {scenario.dag_id for scenario in SCENARIOS} | others
    for dag_id in sorted(dag_ids):
        stage.wait_for(f"the DAG {dag_id}", lambda dag_id=dag_id: stage.client.has_dag(dag_id))
    return Sagas(stage, tmp_path_factory.mktemp("sagas"))


@pytest.fixture(scope="module")
def told(sagas: Sagas) -> Sagas:
    """All scenarios, started at once."""
    for scenario in SCENARIOS:
        sagas.trigger(scenario.dag_id, scenario.name, fails=scenario.fails, undo_fails=scenario.undo_fails)
    return sagas


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_saga_ends_as_its_system_says(told: Sagas, scenario: Scenario) -> None:
    workflow = told.ended(scenario.name, scenario.ends)

    assert told.told(workflow, "compensation.done") == scenario.undone
    assert tuple(told.told(workflow, "compensation.failed")) == scenario.failed
    assert workflow["summary"]["error"].startswith(f"Step {scenario.fails} failed")
    if scenario.notice:
        notice = told.folder / f"{told.key(scenario.name)}.notice"
        told.stage.wait_for("the notice", notice.exists, timeout_seconds=60)


def test_a_trip_whose_flight_cannot_be_booked(sagas: Sagas) -> None:
    """Camunda: the hotel and the car are cancelled, no flight is, and the input is still readable."""
    key = sagas.key("trip")
    sagas.client.trigger("trip_booking", key, {"trip_id": key, "fails": "book_flight"})

    workflow = sagas.ended("trip", "compensated", "trip")

    assert sagas.told(workflow, "compensation.done") == ["book_hotel", "book_car"]
    assert workflow["input"]["size"] > 0
    assert key in workflow["input"]["text"]


def test_a_late_step_of_a_cancelled_workflow_is_refused(sagas: Sagas) -> None:
    """DTM: it was cancelled, twice, before the step began; then the step arrives."""
    sagas.trigger("saga_late", "late")
    sagas.stage.wait_for("it to be at work", lambda: sagas.stage.workflow("saga", sagas.key("late")))
    workflow = sagas.ended("late", "running")
    sagas.stage.wait_for("its wait", lambda: len(sagas.ended("late", "running")["steps"]) == 1)
    answers = [sagas.client.cancel(workflow["summary"]["id"], reason="disorder") for _ in range(2)]
    assert [answer["changed"] for answer in answers] == [True, False]
    sagas.stage.wait_for_run("saga_late", sagas.key("late"), "failed")

    sagas.client.clear("saga_late", sagas.key("late"), ["late"])

    sagas.stage.wait_for_run("saga_late", sagas.key("late"), "failed")
    ended = sagas.ended("late", "cancelled")
    assert sagas.told(ended, "step.began") == ["wait"]
    assert sagas.told(ended, "compensation.began") == []


def test_a_run_that_is_ended_from_outside_is_undone(sagas: Sagas) -> None:
    """By its dagrun_timeout, and by a person who marks a task, or the whole run, as failed."""
    sagas.trigger("saga_timeout", "timeout")
    for name in ("by-hand", "run-by-hand"):
        sagas.trigger("saga_by_hand", name)
    for name in ("by-hand", "run-by-hand"):
        sagas.stage.wait_for("the task to be at work", lambda name=name: sagas.is_at(name, "wait"))
    sagas.client.fail_task("saga_by_hand", sagas.key("by-hand"), "wait")
    sagas.client.fail_run("saga_by_hand", sagas.key("run-by-hand"))

    for name in ("timeout", "by-hand", "run-by-hand"):

        def is_compensated(name: str = name) -> bool:
            sagas.client.sweep()
            workflow = sagas.stage.workflow("saga", sagas.key(name))
            return workflow is not None and workflow["summary"]["state"] == "compensated"

        sagas.stage.wait_for(f"{name} to be compensated", is_compensated, pause_seconds=1)
        assert sagas.told(sagas.ended(name, "compensated"), "compensation.done") == ["one"]
    assert "was marked as failed by admin" in sagas.ended("run-by-hand", "compensated")["summary"]["error"]


def test_a_step_at_work_in_another_dag_is_waited_for_and_undone_too(sagas: Sagas) -> None:
    wait_for, key = sagas.stage.wait_for, sagas.key("flight")
    sagas.trigger("saga_flight", "flight", fails="breaks")
    wait_for("the failure to be near", (sagas.folder / f"{key}.failure.waits").exists)
    conf = {"key": key, "folder": str(sagas.folder), "fails": "breaks"}
    sagas.client.trigger("saga_flight_guest", f"{key}-guest", conf)
    wait_for("the other DAG to be at work", (sagas.folder / f"{key}.at_work.waits").exists)

    (sagas.folder / f"{key}.failure.go").touch()
    sagas.stage.wait_for_run("saga_flight", key, "failed")
    compensating = sagas.ended("flight", "compensating")
    sagas.stage.sweep()
    assert sagas.told(compensating, "compensation.began") == []

    (sagas.folder / f"{key}.at_work.go").touch()
    workflow = sagas.ended("flight", "compensated")
    assert sagas.told(workflow, "compensation.done") == ["at_work", "one"]
    assert "never" not in sagas.told(workflow, "step.began")


def test_three_dags_and_twenty_items_are_undone_although_a_relay_is_killed(sagas: Sagas) -> None:
    sagas.trigger("saga_three", "three", fails="three", undo_holds="two")
    told = sagas.folder / f"{sagas.key('three')}.pid"
    sagas.stage.wait_for("an undo to be at work", told.exists, timeout_seconds=240)
    assert sagas.stage.airflow.owns_process(int(told.read_text()))
    os.kill(int(told.read_text()), signal.SIGKILL)

    workflow = sagas.ended("three", "compensated")

    undone = sagas.told(workflow, "compensation.done")
    assert undone[:2] == ["three", "two"]
    assert len(set(undone[2:22])) == 20
    assert all(step.startswith("item[") for step in undone[2:22])
    assert undone[22:] == ["one"]
    began = sagas.told(workflow, "compensation.began")
    assert [step for step in set(began) if began.count(step) > 1] == ["two"], "only what was killed was tried again"
    assert len(workflow["runs"]) == 3


def test_many_workflows_are_undone_at_once(sagas: Sagas) -> None:
    names = [f"many-{number}" for number in range(AT_ONCE)]
    for name in names:
        sagas.trigger("saga_many", name, fails="one")

    def all_are_compensated() -> bool:
        found = sagas.client.workflows(name="saga_many", limit=200)
        return [workflow["state"] for workflow in found] == ["compensated"] * AT_ONCE

    sagas.stage.wait_for("all to be compensated", all_are_compensated, 60 + 10 * AT_ONCE, pause_seconds=1)
    for name in names:
        workflow = sagas.ended(name, "compensated", "saga_many")
        assert sagas.told(workflow, "compensation.began") == ["one"]
        assert sagas.told(workflow, "compensation.done") == ["one"]
