"""A step belongs to the process of its task: what another process writes is refused there, and does no harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow import __version__ as airflow_version
from airflow.dag_processing.dagbag import DagBag
from packaging.version import Version

from airflow_wfstate.domain.rules.states import StepState

pytestmark = [
    # dag.test() reaches Airflow's execution API through fastapi.testclient, whose import warns since Starlette 1.0.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded, use of fork"),
    pytest.mark.skipif(
        Version(airflow_version) < Version("3.3"),
        reason="dag.test() fails in Airflow 3.2.2's own API (KeyError 'svcs_registry'), for a plain DAG too",
    ),
]


@pytest.fixture(scope="module")
def dags(dags_folder: Path):
    bag = DagBag(str(dags_folder / "processes.py"))
    assert bag.import_errors == {}
    return bag.dags


@pytest.fixture
def step_of(dags, backend, workflow_of):
    """Run a DAG; return its step ``work``."""

    def run_dag(dag_id):
        dag_run = dags[dag_id].test()
        found = workflow_of(dag_run)
        (step,) = backend.get_workflow(found.id).steps
        return step

    return run_dag


def test_a_checkpoint_of_a_fork_is_refused_there_and_the_step_keeps_its_success(step_of):
    step = step_of("trains_in_a_fork")

    assert step.state is StepState.SUCCEEDED
    assert step.output.value() == {"model": 1, "exit code": 1}
    assert [checkpoint.name for checkpoint in step.checkpoints] == ["began"]


def test_the_fork_is_told_what_to_do_instead_before_its_call_is_made(step_of):
    told = step_of("tells_of_the_error_of_a_fork").output.value()

    assert told.startswith("ForeignProcess: A step belongs to the process of its task.")
    assert "Return the values to the step's own process" in told


def test_threads_of_the_step_may_save(step_of):
    step = step_of("saves_in_threads")

    assert step.output.value() == len(step.checkpoints) == 8


def test_a_step_cannot_be_handed_to_another_process(step_of):
    step = step_of("hands_itself_to_another_process")

    assert step.state is StepState.FAILED
    assert "ForeignProcess: A step belongs to the process of its task. It cannot be passed" in step.error
