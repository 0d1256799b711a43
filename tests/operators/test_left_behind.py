"""What a step leaves besides its return value comes back with an answer; Airflow's task state belongs to its round."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import ClassVar

import pytest
from airflow import __version__ as airflow_version
from airflow.dag_processing.dagbag import DagBag
from packaging.version import Version
from sqlalchemy import text

from airflow_wfstate import durable
from airflow_wfstate.domain.messages.step import LEFT_BEHIND
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.exceptions import InvalidName
from airflow_wfstate.operators.step import Step
from airflow_wfstate.operators.steps.task_state import RoundTaskState

pytestmark = [
    # dag.test() reaches Airflow's execution API through fastapi.testclient, whose import warns since Starlette 1.0.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated"),
    pytest.mark.skipif(
        Version(airflow_version) < Version("3.3"), reason="task state came with 3.3, and dag.test() fails in 3.2.2"
    ),
]


def test_an_answered_task_pushes_its_xcoms_and_says_in_its_events_what_the_step_said(dags_folder, backend):
    bag = DagBag(str(dags_folder / "left_behind.py"))
    assert bag.import_errors == {}
    dag = bag.dags["left_behind"]
    did = dag.get_task("place").operator_class.step_function.__globals__["did"]

    run = dag.test()

    assert {ti.task_id: str(ti.state) for ti in run.get_task_instances()} == dict.fromkeys(dag.task_ids, "success")
    assert did == ["place", "end of try 1", "end of try 2", "ship", "end of try 1", "end of try 2"]
    pulled = {key: run.get_task_instance(task).xcom_pull(task, key=key) for task, key in OWN_XCOMS}
    assert pulled == {"invoice": {"number": 1}, "parcel": 7}
    assert run.get_task_instance("place").xcom_pull("place") == ["mine"]
    assert events_of(run.run_id) == {
        "left_behind_placed": '{"order": "o-1"}',
        "left_behind_dynamic": '{"rows": 3}',
        "left_behind_shipped": '{"parcel": 7}',
    }
    (found,) = backend.list_workflows(WorkflowQuery(name="left_behind", key_prefix=run.run_id)).workflows
    checkpoints = {
        step.name: [saved.name for saved in step.checkpoints] for step in backend.get_workflow(found.id).steps
    }
    assert checkpoints == {"place": ["mine", LEFT_BEHIND], "ship": [LEFT_BEHIND], "leaves_nothing": []}


OWN_XCOMS = [("place", "invoice"), ("ship", "parcel")]


def events_of(run_id):
    """For each asset, the extra of the event that the run made last."""
    from airflow import settings

    with settings.Session() as session:
        rows = session.execute(
            text(
                "SELECT asset.name, asset_event.extra FROM asset_event JOIN asset ON asset.id = asset_event.asset_id "
                "WHERE asset_event.source_run_id = :run_id ORDER BY asset_event.id"
            ),
            {"run_id": run_id},
        )
        return {row.name: row.extra for row in rows}


def test_its_checkpoint_is_hidden_from_the_step_and_its_name_is_reserved():
    step = Step(SimpleNamespace(begun=SimpleNamespace(checkpoints={})))
    with pytest.raises(InvalidName, match="reserved"):
        step.checkpoint(LEFT_BEHIND, 1)


class TaskState(dict):
    """Airflow's task state, as the server keeps it through retries and clears."""

    def set(self, key, value, retention=None):
        self[key] = value

    def delete(self, key):
        self.pop(key, None)


@pytest.fixture
def jobs(world):
    """A resumable job as a step, executed task by task; what it submitted and polled."""
    from airflow.sdk import BaseOperator, ResumableJobMixin

    class Job(ResumableJobMixin, BaseOperator):
        did: ClassVar[list[str]] = []
        dies: ClassVar[bool] = False

        def execute(self, context):
            return self.execute_resumable(context)

        def submit_job(self, context):
            self.did.append(f"submit {len(self.did)}")
            return self.did[-1].removeprefix("submit ")

        def get_job_status(self, external_id, context):
            return "RUNNING"

        def is_job_active(self, status):
            return status == "RUNNING"

        def is_job_succeeded(self, status):
            return False

        def poll_until_complete(self, external_id, context):
            self.did.append(f"poll {external_id}")
            if Job.dies:
                raise RuntimeError("the worker died")

        def get_job_result(self, external_id, context):
            return external_id

    state = TaskState()

    def execute(task, try_number):
        ti = SimpleNamespace(
            id=uuid.UUID(task), map_index=-1, try_number=try_number, xcom_push=lambda key, value: None, stats_tags={}
        )
        return durable(Job(task_id="job")).execute({"ti": ti, "task_state_store": state})

    return SimpleNamespace(world=world, job=Job, state=state, execute=execute)


def test_a_retry_finds_the_job_of_its_round_and_a_new_round_or_generation_submits_its_own(jobs):
    run_id = jobs.world.rows.add_run("intake")
    jobs.world.start(run_id)
    task = jobs.world.rows.add_task("intake", run_id, "job")
    jobs.job.dies = True
    with pytest.raises(RuntimeError):
        jobs.execute(task, 1)
    jobs.job.dies = False
    task = jobs.world.rows.next_try(task)
    jobs.execute(task, 2)
    assert jobs.job.did == ["submit 0", "poll 0", "poll 0"]

    task = jobs.world.rows.next_try(task, state="success")  # cleared manually: a new round
    jobs.execute(task, 3)
    assert jobs.job.did[3:] == ["submit 3", "poll 3"]

    other_run = jobs.world.rows.add_run("intake")
    jobs.world.start(other_run)  # another workflow, as the next generation would be; the state is what was left
    jobs.execute(jobs.world.rows.add_task("intake", other_run, "job"), 4)
    assert jobs.job.did[5:] == ["submit 5", "poll 5"]


def test_the_state_is_looked_at_when_it_is_used_and_a_clear_keeps_it_the_rounds():
    store = TaskState(job="old", wfstate_round="other")
    state = RoundTaskState(store, "mine", is_first_try=False)
    assert store == {"job": "old", "wfstate_round": "other"}
    assert state.get("job") is None
    state.set("job", "new")
    state.clear()
    state.set("job", "newer")
    assert RoundTaskState(store, "mine", is_first_try=False).get("job") == "newer"
    assert RoundTaskState(store, "next", is_first_try=False).get("job") is None
