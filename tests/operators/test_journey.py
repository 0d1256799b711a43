"""The life of a workflow in one DAG, run by ``dag.test()`` on Airflow's own SQLite database."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from airflow import __version__ as airflow_version
from airflow.dag_processing.dagbag import DagBag
from packaging.version import Version

from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.states import WorkflowState

pytestmark = [
    # dag.test() reaches Airflow's execution API through fastapi.testclient, whose import warns since Starlette 1.0.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated"),
    pytest.mark.skipif(
        Version(airflow_version) < Version("3.3"),
        reason="dag.test() fails in Airflow 3.2.2's own API (KeyError 'svcs_registry'), for a plain DAG too",
    ),
]


@pytest.fixture(scope="module")
def journey(dags_folder: Path):
    """The module of the DAG as Airflow loads it."""
    dag = DagBag(str(dags_folder / "journey.py")).dags["journey"]
    module = sys.modules[dag.get_task("first").step_function.__module__]
    return dag, module.calls


def _run(journey, key, **params):
    dag, calls = journey
    calls.clear()
    run = dag.test(run_conf={"key": key, **params})
    return str(run.state.value), {(ti.task_id, ti.map_index): str(ti.state) for ti in run.get_task_instances()}


def _only(backend, key):
    """The newest rehearsal of the key."""
    found = backend.list_workflows(WorkflowQuery(name="journey", key_prefix=f"{key}~manual__")).workflows
    return backend.get_workflow(found[0].id)


def test_a_journey_succeeds_and_a_second_test_run_makes_one_of_its_own(journey, backend):
    state, tasks = _run(journey, "7")
    assert (state, tasks["complete", -1], tasks["relay", -1]) == ("success", "success", "success")
    assert set(journey[1]) == {("item", 1), ("item", 2), ("first", "7", 3, 1), ("second", "77")}
    assert len(journey[1]) == 4
    detail = _only(backend, "7")
    assert detail.summary.state is WorkflowState.SUCCEEDED
    assert detail.not_reached == ["never"]
    assert detail.output.value() == {"bash": "7", "items": [10, 20]}
    outputs = {step.label: step.output.value() for step in detail.steps}
    assert outputs == {
        "first": "77",
        "second": "777",
        'item[{"number":1}]': 10,
        'item[{"number":2}]': 20,
        "bash": "7",
        "last": None,
    }

    before = backend.read_journal(detail.summary.id).entries
    state, _ = _run(journey, "7")
    assert state == "success"
    assert len(journey[1]) == 4
    assert backend.read_journal(detail.summary.id).entries == before
    keys = [item.key for item in backend.list_workflows(WorkflowQuery(name="journey", key_prefix="7")).workflows]
    assert len(keys) == 2
    assert all(key.startswith("7~manual__") for key in keys)


def test_a_failure_undoes_what_was_done_in_reverse_order(journey, backend):
    state, tasks = _run(journey, "8", fails=True)
    assert (state, tasks["last", -1], tasks["relay", -1]) == ("failed", "failed", "success")
    _, calls = journey
    undone = [call[1:] for call in calls if call[0] == "undo"]
    detail = _only(backend, "8")
    assert detail.summary.state is WorkflowState.COMPENSATED
    assert "it fails for good" in detail.summary.error
    assert ("second", "888", 1) in undone
    assert undone[undone.index(("second", "888", 1)) + 1] == ("second", "888", 2)
    ended = [
        entry.step.removeprefix("journey.").split("[")[0]
        for entry in backend.read_journal(detail.summary.id).entries
        if entry.kind.value == "step.succeeded"
    ]
    assert [name for name, _output, attempt in undone if attempt == 1] == ended[::-1]


def test_a_step_does_not_act_after_its_start_has_failed(dags_folder: Path, backend) -> None:
    dag = DagBag(str(dags_folder / "no_start.py")).dags["no_start"]

    run = dag.test()

    states = {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
    assert states == {"start": "failed", "mail": "failed", "complete": "upstream_failed"}
    assert sys.modules[dag.get_task("mail").step_function.__module__].calls == []
    assert backend.list_workflows(WorkflowQuery(dag_id="no_start")).workflows == []
