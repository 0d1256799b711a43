"""How a task ends, and what the store then knows: step, attempts, output, and what Airflow got as XCom."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from airflow import __version__ as airflow_version
from airflow.dag_processing.dagbag import DagBag
from packaging.version import Version

from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
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
    bag = DagBag(str(dags_folder / "outcomes.py"))
    assert bag.import_errors == {}
    return bag.dags


@pytest.fixture(scope="module")
def calls(dags):
    """What the tasks did. Taken once: ``dag.test()`` imports the file again, but runs the tasks of this import."""
    return sys.modules[dags["defers"].get_task("work").operator_class.__module__].calls


@pytest.fixture
def run(dags, calls, backend):
    """Run a DAG; return its tasks' states, the run's only workflow, and the XComs of the task ``work``."""

    def run_dag(dag_id):
        calls.clear()
        dag_run = dags[dag_id].test()
        states = {(ti.task_id, ti.map_index): str(ti.state) for ti in dag_run.get_task_instances()}
        (found,) = backend.list_workflows(WorkflowQuery(name=dag_id, key_prefix=dag_run.run_id)).workflows
        work = dag_run.get_task_instance("work")
        xcom = None if work is None else work.xcom_pull("work", key="return_value")
        return states, backend.get_workflow(found.id), xcom

    return run_dag


@pytest.mark.parametrize(
    ("dag_id", "task_state", "step_state", "error"),
    [
        ("returns", "success", StepState.SUCCEEDED, None),
        ("raises", "failed", StepState.FAILED, "ValueError: broken"),
        ("skips", "skipped", StepState.SKIPPED, None),
        ("fails_for_good", "failed", StepState.FAILED, "never again"),
        ("takes_too_long", "failed", StepState.FAILED, "AirflowTaskTimeout"),
        ("exits", "failed", StepState.FAILED, "SystemExit: 3"),
        ("fails_with_a_secret", "failed", StepState.FAILED, "ValueError: login with *** failed"),
        ("returns_a_socket", "failed", StepState.FAILED, "socket"),
        ("branch", "success", StepState.SUCCEEDED, None),
        ("short_circuit", "success", StepState.SUCCEEDED, None),
        ("defers", "success", StepState.SUCCEEDED, None),
        ("sensor", "success", StepState.SUCCEEDED, None),
        ("awaits", "success", StepState.SUCCEEDED, None),
        ("gives_keyword_only", "success", StepState.SUCCEEDED, None),
    ],
)
def test_the_way_a_task_ends_decides_the_state_of_its_step(run, dag_id, task_state, step_state, error):
    states, detail, _ = run(dag_id)
    (step,) = detail.steps
    (attempt,) = step.attempts
    assert (states["work", -1], step.state, attempt.state) == (task_state, step_state, step_state)
    assert (attempt.error is None) if error is None else (error in attempt.error)
    assert (step.output is not None) is (step_state is StepState.SUCCEEDED)


def test_an_error_class_of_a_dag_file_is_named_without_airflows_prefix(run):
    _, detail, _ = run("raises_its_own_error")
    (step,) = detail.steps
    assert step.attempts[0].error == "outcomes.NoMoney: <class 'outcomes.NoMoney'> is what I am"


def test_a_step_that_is_told_to_end_knows_it_and_is_recorded_as_it_ends(run, calls):
    _, detail, xcom = run("ends_when_told")
    assert xcom == {"before": False, "after": True}
    assert detail.steps[0].state is StepState.SUCCEEDED


def test_a_durable_operator_is_told_by_its_own_on_kill(run, calls):
    _, detail, xcom = run("killed")
    assert (xcom, calls) == ("ended in time", ["on_kill"])
    assert detail.steps[0].state is StepState.SUCCEEDED


def test_branch_and_short_circuit_skip_what_they_would_without_durability(run):
    states, _, _ = run("branch")
    assert (states["left", -1], states["right", -1]) == ("success", "skipped")
    states, _, _ = run("short_circuit")
    assert states["right", -1] == "skipped"


def test_a_step_that_deferred_twice_is_one_attempt_that_acted_once(run, calls, backend):
    _, detail, xcom = run("defers")
    assert calls == ["execute", "second", "third"]
    assert xcom == 2
    told = [entry.kind.value for entry in backend.read_journal(detail.summary.id).entries if entry.step]
    assert told == [
        "step.began",
        "step.waiting",
        "step.continued",
        "step.waiting",
        "step.continued",
        "step.succeeded",
    ]


def test_the_items_of_a_mapped_step_are_told_apart_by_their_key(run):
    states, detail, _ = run("mapped")
    assert set(states.values()) == {"success"}
    assert sorted((step.name, step.item_key) for step in detail.steps) == [
        ("by_function", "n1"),
        ("by_function", "n2"),
        ("by_template", "t1"),
        ("by_template", "t2"),
    ]
