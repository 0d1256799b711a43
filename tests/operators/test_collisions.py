"""Two tasks of a run, or two items of a mapped task, are never one step: the second is refused, with the reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from airflow import __version__ as airflow_version
from airflow.dag_processing.dagbag import DagBag
from packaging.version import Version

from airflow_wfstate.domain.rules.states import StepState

pytestmark = [
    # dag.test() reaches Airflow's execution API through fastapi.testclient, whose import warns since Starlette 1.0.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated"),
    pytest.mark.skipif(
        Version(airflow_version) < Version("3.3"),
        reason="dag.test() fails in Airflow 3.2.2's own API (KeyError 'svcs_registry'), for a plain DAG too",
    ),
]


@pytest.fixture(scope="module")
def dags(dags_folder: Path):
    bag = DagBag(str(dags_folder / "collisions.py"))
    assert bag.import_errors == {}
    return bag.dags


@pytest.fixture
def run(dags, backend, workflow_of):
    """Run a DAG; return its tasks' states, the workflow's steps, and what acted."""
    acted = Path(os.environ["AIRFLOW_HOME"]) / "acted"

    def run_dag(dag_id):
        acted.write_text("")
        dag_run = dags[dag_id].test()
        states = {(ti.task_id, ti.map_index): str(ti.state) for ti in dag_run.get_task_instances()}
        found = workflow_of(dag_run)
        return states, backend.get_workflow(found.id).steps, acted.read_text().splitlines()

    return run_dag


def test_two_tasks_with_one_step_and_item_key_are_refused_where_it_shows(run):
    states, steps, acted = run("two_tasks")

    assert (states["pay_hotel", -1], states["pay_airline", -1]) == ("success", "failed")
    assert acted == ["hotel"]
    assert [(step.name, step.state) for step in steps] == [("pay", StepState.SUCCEEDED)]


@pytest.mark.parametrize("dag_id", ["equal_items", "one_key", "grouped_one_key"])
def test_a_second_item_with_the_key_of_the_first_fails_and_is_never_answered(run, dag_id):
    states, steps, acted = run(dag_id)

    items = sorted(state for (task_id, _), state in states.items() if task_id.endswith("pay"))
    assert items == ["failed", "success"]
    assert len(acted) == len(steps) == 1
    assert steps[0].state is StepState.SUCCEEDED


def test_items_of_a_mapped_group_are_steps_of_their_own(run):
    states, steps, acted = run("grouped")

    assert set(states.values()) == {"success"}
    assert len(acted) == 4
    assert sorted((step.name, step.item_key) for step in steps if step.name.endswith("pay")) == [
        ("each.inner.pay", "1"),
        ("each.inner.pay", "2"),
    ]
