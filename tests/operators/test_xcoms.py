"""What Airflow's XCom cannot hold: the task fails as any task would, nobody reads wrong data, nothing acts twice."""

from __future__ import annotations

import math

import pytest
from airflow import __version__ as airflow_version
from airflow.dag_processing.dagbag import DagBag
from packaging.version import Version

from airflow_wfstate.backends.codec import decode, encode
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.states import StepState, WorkflowState
from airflow_wfstate.operators.steps.output import fits_xcom

pytestmark = [
    # dag.test() reaches Airflow's execution API through fastapi.testclient, whose import warns since Starlette 1.0.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated"),
    pytest.mark.skipif(
        Version(airflow_version) < Version("3.3"),
        reason="dag.test() fails in Airflow 3.2.2's own API (KeyError 'svcs_registry'), for a plain DAG too",
    ),
]


@pytest.mark.parametrize("value", [0, 2**64 - 1, -(2**63), {"ids": [2**53 + 1]}, {"naïve": (1, 2.5, None)}])
def test_what_airflow_can_push_is_let_through(value):
    assert fits_xcom(value)


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, {"ids": [1, 2**70]}, math.inf, "\u0000", "\ud800", object()])
def test_what_airflow_cannot_push_is_known_before_and_an_integer_of_any_width_is_stored(value):
    assert not fits_xcom(value)
    if isinstance(value, (int, dict)):
        assert decode(encode(value)) == value


@pytest.fixture(scope="module")
def dags(dags_folder):
    bag = DagBag(str(dags_folder / "xcoms.py"))
    assert bag.import_errors == {}
    return bag.dags


@pytest.fixture(scope="module")
def did(dags):
    """What acted. Taken once: ``dag.test()`` imports the file again, but runs the tasks of this import."""
    return dags["nan_not_pushed"].get_task("work").operator_class.step_function.__globals__["did"]


@pytest.fixture
def run(dags, did, backend):
    """Run a DAG; return its tasks' states, its workflow, and what Airflow holds as XCom of the task ``work``."""

    def run_dag(dag_id):
        did.clear()
        dag_run = dags[dag_id].test()
        states = {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}
        (found,) = backend.list_workflows(WorkflowQuery(name=dag_id, key_prefix=dag_run.run_id)).workflows
        work = dag_run.get_task_instance("work")
        xcom = None if work is None else work.xcom_pull("work", key="return_value")
        return states, backend.get_workflow(found.id), xcom

    return run_dag


@pytest.mark.parametrize("consumer", ["expand", "argument", "plain", "template", "multiple_outputs"])
def test_no_consumer_gets_anything_else_and_the_step_is_undone_with_its_value(run, did, consumer):
    states, detail, xcom = run(f"nan_{consumer}")

    assert states["work"] == "failed"
    assert xcom is None
    (step,) = [step for step in detail.steps if step.name == "work"]
    assert len(step.attempts) == 1  # the retry was answered, and did not act
    value = {"mean": math.nan, "n": 3.0} if consumer == "multiple_outputs" else [1.0, math.nan]
    assert did == ["acted", ("undone", repr(value))]
    assert (step.state, detail.summary.state) == (StepState.COMPENSATED, WorkflowState.COMPENSATED)


def test_without_the_push_the_store_keeps_the_value(run, did):
    states, detail, xcom = run("nan_not_pushed")

    assert (set(states.values()), did, xcom) == ({"success"}, ["acted"], None)
    (step,) = detail.steps
    stored = decode(step.output)
    assert math.isnan(stored.pop("nan"))
    assert stored == {"nul": "\u0000", "surrogate": "\ud800"}


def test_a_workflow_is_not_completed_by_a_task_that_would_fail_for_its_xcom(run):
    states, detail, _ = run("nan_at_the_end")

    assert states["complete"] == "failed"
    assert detail.summary.state is not WorkflowState.SUCCEEDED
