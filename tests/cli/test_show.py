from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine, create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.step import BeginStep
from tests.support.airflow_home import Home
from tests.support.airflow_rows import AirflowRows
from tests.support.payload_options import payload_options
from tests.support.wide_workflow import add_items
from tests.support.world import World


def test_json_holds_everything(home: Home, order_id: str) -> None:
    answer = home.wfstate("show", order_id, "-o", "json")
    workflow = json.loads(answer.stdout)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert workflow["summary"]["id"] == order_id
    assert workflow["input"]["value"] == {"order_id": "007"}
    assert workflow["progress"] == {
        "done": ["reserve_stock"],
        "running": ["charge_card"],
        "failed": [],
        "compensated": [],
        "remaining": ["pack", "ship"],
    }
    assert [(run["dag_id"], run["role"], run["state"]) for run in workflow["runs"]] == [
        ("order_intake", "owner", "running")
    ]
    reserve, charge = workflow["steps"]
    assert [checkpoint["name"] for checkpoint in reserve["checkpoints"]] == ["batch"]
    assert [compensation["state"] for compensation in reserve["compensations"]] == ["armed"]
    assert reserve["output"]["value"] == {"not a number": {"$numberDouble": "NaN"}, "lone": "\ud800", "zero": "\x00"}
    assert [(attempt["number"], attempt["state"]) for attempt in charge["attempts"]] == [(1, "failed"), (2, "running")]
    assert charge["output"] is None


def test_yaml_says_the_same_as_json(home: Home, order_id: str) -> None:
    as_json = json.loads(home.wfstate("show", order_id, "-o", "json").stdout)
    assert yaml.safe_load(home.wfstate("show", order_id, "-o", "yaml").stdout) == as_json


def test_name_and_key_are_as_good_as_the_id(home: Home, order_id: str) -> None:
    assert json.loads(home.wfstate("show", "order/007", "-o", "json").stdout)["summary"]["id"] == order_id


def test_plain_has_a_section_for_each_kind_of_thing(home: Home, order_id: str) -> None:
    text = home.wfstate("show", order_id, "-o", "plain").stdout
    titles = [line for line in text.splitlines() if line.endswith(":") and " " not in line]
    assert titles == [
        "Workflow:",
        "Progress:",
        "Steps:",
        "Attempts:",
        "Checkpoints:",
        "Compensations:",
        "Runs:",
        "Values:",
    ]
    assert "pack, ship" in text
    assert "no [red]money[/red] :bug:" in text, "text of users is no markup"


@pytest.mark.parametrize(
    ("workflow", "reason"),
    [
        ("01900000-0000-7000-8000-000000000000", "There is no workflow with the id '01900000-"),
        ("order/nobody", "There is no workflow 'order' with the key 'nobody'."),
        ("nonsense", "'nonsense' is neither a workflow's id nor name/key"),
    ],
)
@pytest.mark.parametrize("command", ["show", "journal"])
def test_an_unknown_workflow_says_so(home: Home, command: str, workflow: str, reason: str) -> None:
    answer = home.wfstate(command, workflow)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith(reason)
    assert "airflow wfstate list" in answer.stderr


def test_an_output_in_a_file_is_told_to_people_and_given_to_programs(own_home: Home, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{own_home.path / 'airflow.db'}")
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    with payload_options(folder=tmp_path):
        run_id = world.rows.add_run("order_intake")
        workflow_id = world.start(run_id, dag_id="order_intake").workflow.id
        task = world.rows.add_task("order_intake", run_id, "pay")
        begun = world.backend.begin_step(BeginStep(task, "pay", redact=["card_number"]))
        world.succeed(begun, {"card_number": "4111", "paid": True})
    variables = {"AIRFLOW__WFSTATE__PAYLOAD_PATH": tmp_path.as_uri()}

    engine.dispose()

    plain = own_home.airflow("wfstate", "show", workflow_id, "-o", "plain", **variables)
    given = own_home.airflow("wfstate", "show", workflow_id, "-o", "json", **variables)

    assert "(large; json and yaml have it)" in plain.stdout
    (step,) = json.loads(given.stdout)["steps"]
    assert step["output"]["value"] == {"card_number": "***", "paid": True}
    assert step["output"]["is_masked"]
    assert "4111" not in plain.stdout + given.stdout


@pytest.fixture
def wide_id(engine: Engine) -> str:
    """The id of a workflow that has one step with 60 items, six of which failed, and one step that is not mapped."""
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id, name=world.unique("wide")).workflow.id
    world.step_done(run_id, "prepare")
    add_items(engine, workflow_id, run_id, 60)
    return workflow_id


def test_a_mapped_step_is_one_row_and_unfolds_by_page_and_state(home: Home, wide_id: str) -> None:
    whole = home.wfstate("show", wide_id, "-o", "plain")
    failed = home.wfstate("show", wide_id, "--step", "item", "--step-state", "failed", "--limit", "4", "-o", "plain")
    rest = home.wfstate(*failed.stderr.split("airflow wfstate ")[1].split())

    steps = whole.stdout.partition("Steps:")[2].partition("Attempts:")[0]
    assert "item (60 items)" in steps
    assert "54 succeeded, 6 failed" in steps
    assert "no such item" in steps
    assert "prepare" in steps
    assert "item[" not in whole.stdout.partition("Steps:")[2]
    assert f"airflow wfstate show {wide_id} --step STEP" in whole.stderr
    assert [f"item[{number:05}]" in failed.stdout for number in range(0, 60, 10)] == [True] * 4 + [False] * 2
    assert [f"item[{number:05}]" in rest.stdout for number in range(0, 60, 10)] == [False] * 4 + [True] * 2
    assert rest.stderr == ""


def test_an_item_is_found_as_messages_name_it(home: Home, wide_id: str) -> None:
    found = home.wfstate("show", wide_id, "--step", "item[00007]", "-o", "json")
    absent = home.wfstate("show", wide_id, "--step", "intake.item[7]")
    no_step = home.wfstate("show", wide_id, "--step", "itme[00007]")

    assert [step["item_key"] for step in json.loads(found.stdout)] == ["00007"]
    assert (absent.returncode, no_step.returncode) == (1, 1)
    assert "has no item '7' that has begun" in absent.stderr
    assert "No step 'itme[00007]'" in no_step.stderr


def test_programs_get_every_item(home: Home, engine: Engine) -> None:
    world = World(DatabaseBackend(engine), AirflowRows(engine))
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id, name=world.unique("wide")).workflow.id
    add_items(engine, workflow_id, run_id, 501)  # one more than the command requests at once

    workflow = json.loads(home.wfstate("show", workflow_id, "-o", "json").stdout)

    assert len({step["item_key"] for step in workflow["steps"]}) == 501
    assert workflow["step_groups"][0]["by_state"] == {"succeeded": 450, "failed": 51}
    assert (workflow["summary"]["steps_done"], workflow["summary"]["steps_total"]) == (450, 501)
