"""How an undo ends, and what the store then knows: the relay in whole runs of ``dag.test()``."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from airflow import __version__ as airflow_version
from airflow.dag_processing.dagbag import DagBag
from packaging.version import Version

from airflow_wfstate.domain.rules.states import CompensationState, StepState, WorkflowState

pytestmark = [
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated"),
    pytest.mark.skipif(
        Version(airflow_version) < Version("3.3"),
        reason="dag.test() fails in Airflow 3.2.2's own API (KeyError 'svcs_registry'), for a plain DAG too",
    ),
]


@pytest.fixture(scope="module")
def dags(dags_folder: Path):
    bag = DagBag(str(dags_folder / "undos.py"))
    assert bag.import_errors == {}
    return bag.dags


@pytest.fixture(scope="module")
def done(dags):
    """What the undos did. Taken once: ``dag.test()`` imports the file again, but runs the tasks of this import."""
    return sys.modules[
        dags["failed_for_good"].get_task("charge").operator_class.step_options.compensate.__module__
    ].done


@pytest.fixture
def run(dags, done, backend, workflow_of):
    """Run a DAG; return its workflow, and the steps by name."""

    def run_dag(dag_id):
        done.clear()
        dag_run = dags[dag_id].test()
        found = workflow_of(dag_run)
        detail = backend.get_workflow(found.id)
        return detail, {step.name: step for step in detail.steps}

    return run_dag


def test_async_undos_operators_in_order_and_what_there_was_nothing_to_undo_of(run, done, backend):
    detail, steps = run("all_undone")

    assert detail.summary.state is WorkflowState.COMPENSATED
    assert done == ["unpack 7", "restock 7", "unsent", ("refund", 7, 1)]
    states = {name: (step.state, step.compensations[0].state) for name, step in steps.items() if step.compensations}
    assert states == {
        "charge": (StepState.COMPENSATED, CompensationState.DONE),
        "send": (StepState.SUCCEEDED, CompensationState.NOT_NEEDED),
        "pack": (StepState.COMPENSATED, CompensationState.DONE),
        "label": (StepState.SUCCEEDED, CompensationState.NOT_NEEDED),
    }
    reasons = {
        entry.step: entry.data["reason"]
        for entry in backend.read_journal(detail.summary.id, limit=1000).entries
        if entry.kind.value == "compensation.not_needed"
    }
    assert reasons["all_undone.send"] == "the letter was never sent"
    assert "99" in reasons["all_undone.label"]


@pytest.mark.parametrize(
    ("dag_id", "acted", "error"),
    [
        ("failed_for_good", "closed", "the account is closed"),
        ("not_understood", "unknown", "does not say whether the undo is done"),
    ],
)
def test_an_undo_that_would_fail_again_is_not_tried_again(run, done, dag_id, acted, error):
    detail, steps = run(dag_id)

    assert detail.summary.state is WorkflowState.COMPENSATION_FAILED
    assert done == [acted]
    (compensation,) = steps["charge"].compensations
    assert (compensation.state, compensation.attempts, compensation.max_attempts) == (CompensationState.FAILED, 1, 3)
    assert error in compensation.error
