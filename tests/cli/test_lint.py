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


def test_an_unknown_dag_is_said(home: Home) -> None:
    done = home.wfstate("lint", "--dag", "nonsense")
    assert done.returncode == 1
    assert "There is no DAG nonsense in the DAG bundles." in done.stderr
