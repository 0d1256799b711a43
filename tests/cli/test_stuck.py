from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.workflow import StartWorkflow
from airflow_wfstate.domain.rules.payload import Payload
from tests.support.airflow_home import Home
from tests.support.airflow_rows import AirflowRows

CAUSE = "Its runs ended well, but none of them completed it"


@pytest.fixture(scope="module")
def stuck_id(home: Home, engine: Engine) -> str:
    """The id of a workflow that was never completed, and that ``airflow wfstate sweep`` has found."""
    rows, store = AirflowRows(engine), DatabaseBackend(engine)
    run_id = rows.add_run("forgetful")
    task = rows.add_task("forgetful", run_id, "start")
    started = store.start_workflow(StartWorkflow(task, "forgotten", "f-1", Payload.of({})))
    rows.set_task_state(task, "success")
    rows.set_run_state("forgetful", run_id, "success")
    swept = home.wfstate("sweep", "-o", "json")
    assert swept.returncode == 0, swept.stderr
    report = json.loads(swept.stdout)
    assert report["swept"] is True
    assert report["flagged"] >= 1
    return started.workflow.id


def test_a_stuck_workflow_is_listed_with_cause_and_command(home: Home, stuck_id: str) -> None:
    (workflow,) = json.loads(home.wfstate("stuck", "--name", "forgotten", "-o", "json").stdout)
    assert workflow["id"] == stuck_id
    (flag,) = workflow["flags"]
    assert flag["kind"] == "not_completed"
    assert flag["cause"].startswith(CAUSE)
    assert flag["command"] == f"airflow wfstate cancel {stuck_id}"

    line = home.wfstate("stuck", "--name", "forgotten", "-o", "plain").stdout.splitlines()[1]
    assert line.split()[:3] == ["forgotten/f-1", "running", "not_completed"]
    assert CAUSE in line


def test_list_and_show_tell_the_flag_too(home: Home, stuck_id: str) -> None:
    (listed,) = json.loads(home.wfstate("list", "--stuck", "--name", "forgotten", "-o", "json").stdout)
    assert listed["id"] == stuck_id
    assert CAUSE in home.wfstate("show", stuck_id, "-o", "plain").stdout


def test_what_is_not_stuck_is_not_listed(home: Home, stuck_id: str, order_id: str) -> None:
    assert json.loads(home.wfstate("stuck", "--name", "order", "-o", "json").stdout) == []
    assert home.wfstate("stuck", "--name", "order").stdout == "No data found\n"


def test_the_command_that_would_help_helps(home: Home, stuck_id: str) -> None:
    (workflow,) = json.loads(home.wfstate("stuck", "--name", "forgotten", "-o", "json").stdout)
    words = workflow["flags"][0]["command"].split()

    done = home.airflow(*words[1:], "--yes", "--reason", "nobody completed it")

    assert done.returncode == 0, done.stderr
    home.wfstate("sweep")
    assert json.loads(home.wfstate("stuck", "--name", "forgotten", "-o", "json").stdout) == []
