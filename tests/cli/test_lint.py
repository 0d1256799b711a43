from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.airflow_home import Home

GOOD = """
from airflow.sdk import dag, task
from airflow_wfstate import CompensateWorkflowOperator, CompleteWorkflowOperator, StartWorkflowOperator


def undo(output, compensation):
    pass


@dag(schedule=None)
def good():
    start = StartWorkflowOperator(task_id="start", name="good", key="1", plan=["book", "good.mail", "pay", "elsewhere"])

    @task.step(compensate=undo)
    def book(): ...

    @task.step(irreversible="email sent")
    def mail(): ...

    @task.step(pivot=True)
    def pay(): ...

    start >> book() >> mail() >> pay() >> CompleteWorkflowOperator(task_id="complete")
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None)
def other():
    @task.step
    def elsewhere(): ...

    elsewhere()


good()
other()
"""

BAD = """
from airflow.sdk import dag, task
from airflow_wfstate import StartWorkflowOperator


@dag(schedule=None)
def bad():
    start = StartWorkflowOperator(task_id="start", name="bad", key="1", plan=["book", "nowhere"])

    @task.step(compensate="no_such_module:undo")
    def book(): ...

    @task.step
    def mail(): ...

    start >> book() >> mail()


bad()
"""


@pytest.fixture
def dag_file(home: Home) -> Iterator[Path]:
    (home.path / "dags").mkdir(exist_ok=True)
    file = home.path / "dags" / "linted.py"
    yield file
    file.unlink()


def test_a_dag_that_says_everything_is_clean(home: Home, dag_file: Path) -> None:
    dag_file.write_text(GOOD)
    done = home.wfstate("lint")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_each_rule_names_the_task_and_the_remedy_and_ends_with_1(home: Home, dag_file: Path) -> None:
    dag_file.write_text(GOOD + BAD)
    done = home.wfstate("lint", "-o", "json")
    assert done.returncode == 1
    found = {(finding["dag_id"], finding["task_id"], finding["rule"]) for finding in json.loads(done.stdout)}
    assert found == {
        ("bad", "mail", "no-compensation"),
        ("bad", None, "no-relay"),
        ("bad", "book", "handler-not-importable"),
        ("bad", "start", "unknown-plan-entry"),
    }
    shown = home.wfstate("lint", "--dag", "bad", "-o", "plain")
    assert "irreversible=" in shown.stdout
    assert shown.returncode == 1
    assert home.wfstate("lint", "--dag", "good").returncode == 0


def test_a_file_that_cannot_be_imported_is_a_finding(home: Home, dag_file: Path) -> None:
    dag_file.write_text("import airflow.sdk  # a dag\nraise ValueError('half-written')\n")
    done = home.wfstate("lint")
    assert done.returncode == 1
    assert "linted.py cannot be imported: ValueError: half-written" in done.stderr


WRONG = """
from airflow.sdk import DAG, task
from airflow_wfstate import StartWorkflowOperator, TriggerWorkflowDagRunOperator

with DAG("parent", schedule=None):
    start = StartWorkflowOperator(task_id="start", name="order", key="{{ params.id }}")
    start >> TriggerWorkflowDagRunOperator(task_id="deliver", trigger_dag_id="delivers")

with DAG("double", schedule=None):
    for task_id in ("first", "second"):
        task.step(task_id=task_id, name="pay")(lambda: None)()
"""

CHILD = """
from airflow.sdk import DAG
from airflow_wfstate import StartWorkflowOperator

with DAG("delivers", schedule=None):
    StartWorkflowOperator(task_id="own", name="delivery", key="{{ params.id }}")
"""


def test_what_is_refused_when_parsed_and_a_child_in_another_file_are_findings(home: Home, dag_file: Path) -> None:
    dag_file.write_text(WRONG)
    child = dag_file.with_name("linted_child.py")
    child.write_text(CHILD)
    try:
        done = home.wfstate("lint", "-o", "json")
        unknown = home.wfstate("lint", "--dag", "double")
    finally:
        child.unlink()
    assert done.returncode == 1
    told = {finding["rule"]: finding for finding in json.loads(done.stdout)}
    assert told.keys() == {"child-starts-another", "import-error"}
    assert (told["child-starts-another"]["dag_id"], told["child-starts-another"]["task_id"]) == ("parent", "deliver")
    assert "whose start own would be refused" in told["child-starts-another"]["message"]
    assert (
        "linted.py cannot be imported: InvalidDag: DAG double: the tasks first and second are both the step pay"
        in (told["import-error"]["message"])
    )
    assert "There is no DAG double in the DAG bundles." in unknown.stderr
    assert "both the step pay" in unknown.stderr


def test_an_unknown_dag_is_said(home: Home) -> None:
    done = home.wfstate("lint", "--dag", "nonsense")
    assert done.returncode == 1
    assert "There is no DAG nonsense in the DAG bundles." in done.stderr
