"""``airflow wfstate cancel`` shows what will happen, asks for confirmation, and cancels."""

from __future__ import annotations

import getpass
import json
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.cli.commands.planned_action import MANY_PIECES
from airflow_wfstate.domain.rules.states import WorkflowState
from tests.support.airflow_home import Home
from tests.support.airflow_rows import AirflowRows
from tests.support.world import World


@dataclass(frozen=True)
class Parcel:
    """A running workflow with one finished step, which can be undone, and one task that has not started."""

    world: World
    workflow_id: str
    key: str
    task: str

    def state(self) -> WorkflowState:
        """Its current state."""
        return self.world.state(self.workflow_id)


@pytest.fixture
def parcel(engine: Engine) -> Parcel:
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    run_id, key = world.rows.add_run("parcels"), world.unique("parcel")
    workflow_id = world.start(run_id, dag_id="parcels", name="parcel", key=key).workflow.id
    world.step_done(run_id, "pack", dag_id="parcels", undo="task:pack")
    return Parcel(world, workflow_id, key, world.rows.add_task("parcels", run_id, "ship", map_index=3, state=None))


def test_the_plan_changes_nothing(home: Home, parcel: Parcel) -> None:
    answer = home.wfstate("cancel", parcel.workflow_id, "--plan")

    assert (answer.returncode, answer.stderr) == (0, "")
    assert "It is cancelled; the work already done stays as it is." in answer.stdout
    assert "ship[3]" in answer.stdout
    assert "Will never be undone:" in answer.stdout
    assert parcel.state() is WorkflowState.RUNNING
    as_json = json.loads(home.wfstate("cancel", parcel.workflow_id, "--plan", "--compensate", "-o", "json").stdout)
    assert (as_json["next_state"], as_json["changes"]) == ("compensating", True)
    assert [item["step"] for item in as_json["undone"]] == ["parcels.pack"]
    assert ("ship", 3, None) in [(task["task_id"], task["map_index"], task["state"]) for task in as_json["tasks"]]


def test_who_does_not_agree_changes_nothing(home: Home, parcel: Parcel) -> None:
    for typed, reason in (("n\n", "Nothing was changed."), ("", "Add --yes to skip the confirmation prompt.")):
        answer = home.wfstate("cancel", f"parcel/{parcel.key}", answer=typed)
        assert answer.returncode == 1
        assert f"Cancel the workflow parcel/{parcel.key}? [y/N]" in answer.stderr
        assert reason in answer.stderr
    assert parcel.state() is WorkflowState.RUNNING


def test_who_agrees_cancels_and_the_journal_names_them(home: Home, parcel: Parcel) -> None:
    answer = home.wfstate("cancel", f"parcel/{parcel.key}", "--reason", "lost", "-o", "plain", answer="y\n")

    assert answer.returncode == 0
    assert f"Workflow {parcel.workflow_id} is now cancelled; tasks set to failed: 2" in answer.stdout
    assert parcel.state() is WorkflowState.CANCELLED
    assert parcel.world.rows.task_state(parcel.task) == "failed"
    entry = parcel.world.journal(parcel.workflow_id)[-1]
    assert (entry.actor, entry.data["reason"], entry.data["by"]) == (f"cli:{getpass.getuser()}", "lost", "cancel")
    assert entry.data["way"] == "cli"


def test_for_programs_the_answer_is_json_alone(home: Home, parcel: Parcel) -> None:
    answer = home.wfstate("cancel", parcel.workflow_id, "--compensate", "--yes", "-o", "json")

    assert (answer.returncode, answer.stderr) == (0, "")
    told = json.loads(answer.stdout)
    assert (told["changed"], told["workflow"]["state"], told["failed_tasks"]) == (True, "compensating", 2)
    assert parcel.state() is WorkflowState.COMPENSATING
    again = home.wfstate("cancel", parcel.workflow_id, "--yes")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith(f"Workflow {parcel.workflow_id} is being compensated and cannot be cancelled")


def test_what_has_ended_stays_as_it_is(home: Home, parcel: Parcel) -> None:
    home.wfstate("cancel", parcel.workflow_id, "--yes")

    answer = home.wfstate("cancel", parcel.workflow_id, "--compensate")

    assert (answer.returncode, answer.stderr) == (0, "")
    assert "The workflow has already ended (cancelled); a cancel changes nothing." in answer.stdout


def test_an_unknown_workflow_ends_with_a_sentence(home: Home) -> None:
    answer = home.wfstate("cancel", "01890000-0000-7000-8000-000000000000", "--yes")

    assert (answer.returncode, answer.stdout) == (1, "")
    assert "There is no workflow" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_of_a_wide_workflow_it_says_what_it_is_doing(home: Home, engine: Engine) -> None:
    """Everything is one transaction: the pieces are listed, but none is done before the last one."""
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    run_id = world.rows.add_run("parcels")
    workflow_id = world.start(run_id, dag_id="parcels", name="parcel").workflow.id
    for index in range(MANY_PIECES):
        world.rows.add_task("parcels", run_id, "ship", map_index=index, state=None)

    answer = home.wfstate("cancel", workflow_id, "--yes")

    assert answer.returncode == 0
    # Plus one: the task that started it.
    assert answer.stderr == f"cancel: {MANY_PIECES + 1} tasks set to failed, 0 undos discarded\n"
