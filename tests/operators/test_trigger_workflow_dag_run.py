"""TriggerWorkflowDagRunOperator: one child a round, whatever is lost, and an end of the wait whatever becomes of it.

Airflow's answer to a trigger is given by the table of its runs, as its own API does; the rest are the real parts.
"""

from __future__ import annotations

import asyncio
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred
from sqlalchemy import delete, func, select

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.rules.states import StepState
from airflow_wfstate.operators.trigger_workflow_dag_run import TriggerWorkflowDagRunOperator
from airflow_wfstate.triggers.child_run import ChildRunTrigger
from tests.support.airflow_rows import AirflowRows


class Runs:
    """The runs of the DAG ``fulfilment``, in Airflow's table."""

    def __init__(self, rows: AirflowRows) -> None:
        self.rows = rows
        self.dag_id = f"fulfilment-{uuid.uuid4()}"

    def trigger(self, dag_id, run_id, conf):
        """Answer as the supervisor does: False if the run exists."""
        if self.count([run_id]):
            return False
        self.rows.add_run(dag_id, run_id, "queued")
        return True

    def state(self, dag_id, run_id):
        with self.rows.engine.connect() as connection:
            return connection.execute(
                select(DagRun.__table__.c.state).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
            ).scalar_one()

    def count(self, run_ids=None, states=None, dag_id=None):
        with self.rows.engine.connect() as connection:
            found = select(func.count()).select_from(DagRun.__table__).where(DagRun.dag_id == self.dag_id)
            if run_ids is not None:
                found = found.where(DagRun.run_id.in_(run_ids))
            if states is not None:
                found = found.where(DagRun.__table__.c.state.in_(states))
            return connection.execute(found).scalar_one()

    def delete(self):
        with self.rows.engine.begin() as connection:
            connection.execute(delete(DagRun.__table__).where(DagRun.dag_id == self.dag_id))


@pytest.fixture
def runs(world, monkeypatch):
    runs = Runs(world.rows)
    module = "airflow_wfstate.operators.trigger_workflow_dag_run"
    monkeypatch.setattr(f"{module}.trigger_dag_run", runs.trigger)
    monkeypatch.setattr(f"{module}.dag_run_state", runs.state)
    monkeypatch.setattr(
        "airflow.sdk.execution_time.task_runner.RuntimeTaskInstance.get_dr_count", staticmethod(runs.count)
    )
    return runs


@pytest.fixture
def task(world):
    """The task instance of a running workflow that triggers the child."""
    run_id = world.rows.add_run("intake")
    world.start(run_id)
    return world.rows.add_task("intake", run_id, "fulfil")


def _operator(runs, **options):
    return TriggerWorkflowDagRunOperator(task_id="fulfil", trigger_dag_id=runs.dag_id, conf={}, **options)


def _context(task_instance_id: str) -> Any:
    return {
        "ti": SimpleNamespace(id=uuid.UUID(task_instance_id), map_index=-1, xcom_push=lambda key, value: None),
        "dag_run": SimpleNamespace(conf={}),
        "params": {},
    }


def _execute(runs, task) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as waiting:
        _operator(runs).execute(_context(task))
    return waiting.value


def _event(trigger: ChildRunTrigger) -> dict[str, Any]:
    """What the triggerer would pass on; the trigger is rebuilt from its serialised form, as there."""
    _, arguments = trigger.serialize()

    async def first():
        events = ChildRunTrigger(**arguments).run()
        event = await anext(events)
        await events.aclose()
        return event.payload

    return asyncio.run(asyncio.wait_for(first(), 30))


def _resume(runs, task, waiting):
    arguments = {**(waiting.kwargs or {}), "event": _event(waiting.trigger)}
    return _operator(runs).resume_execution(waiting.method_name, arguments, _context(task))


def _step(world, task):
    detail = world.backend.get_workflow(world.begin_as(task, "fulfil").workflow.id)
    return detail.steps[0], detail


def test_the_child_is_linked_triggered_and_waited_for(world, runs, task):
    waiting = _execute(runs, task)
    run_id = waiting.trigger.run_id
    step, detail = _step(world, task)
    assert [(run.dag_id, run.run_id, run.role.value) for run in detail.runs][1:] == [(runs.dag_id, run_id, "child")]
    assert run_id.startswith(f"wfstate__{detail.summary.id}__fulfil__1")
    world.rows.set_run_state(runs.dag_id, run_id, "success")

    assert _resume(runs, task, waiting) == {"dag_id": runs.dag_id, "run_id": run_id, "state": "success"}
    assert runs.count() == 1
    assert step.state is StepState.RUNNING


def test_when_the_answer_to_the_trigger_is_lost_the_next_try_finds_the_child(world, runs, task, monkeypatch):
    def lost(dag_id, run_id, conf):
        runs.trigger(dag_id, run_id, conf)
        raise ConnectionError("no answer")

    module = "airflow_wfstate.operators.trigger_workflow_dag_run"
    with monkeypatch.context() as lossy:
        lossy.setattr(f"{module}.trigger_dag_run", lost)
        with pytest.raises(ConnectionError):
            _operator(runs).execute(_context(task))
    second = world.rows.next_try(task)

    waiting = _execute(runs, second)

    assert runs.count([waiting.trigger.run_id]) == runs.count() == 1


@pytest.mark.parametrize("state", ["success", "failed"])
def test_a_child_that_has_ended_already_is_not_waited_for(world, runs, task, state):
    run_id = _execute(runs, task).trigger.run_id
    world.rows.set_run_state(runs.dag_id, run_id, state)
    second = world.rows.next_try(task)

    if state == "success":
        assert _operator(runs).execute(_context(second))["run_id"] == run_id
    else:
        with pytest.raises(AirflowException, match=f"Run {run_id} .* failed. See the logs of its tasks"):
            _operator(runs).execute(_context(second))
    assert runs.count() == 1


def test_a_child_that_fails_fails_the_step(world, runs, task):
    waiting = _execute(runs, task)
    world.rows.set_run_state(runs.dag_id, waiting.trigger.run_id, "failed")

    with pytest.raises(AirflowException, match="airflow wfstate resume resumes both runs"):
        _resume(runs, task, waiting)

    second = world.begin_as(world.rows.next_try(task), "fulfil")
    assert (second.attempt, second.round) == (2, 1)


def test_a_child_that_is_gone_while_it_is_waited_for_ends_the_wait_and_the_next_try_makes_it_again(world, runs, task):
    waiting = _execute(runs, task)
    runs.delete()
    with pytest.raises(AirflowException, match="was deleted while this task waited for it"):
        _resume(runs, task, waiting)

    again = _execute(runs, world.rows.next_try(task))

    assert again.trigger.run_id == waiting.trigger.run_id
    assert runs.count() == 1


def test_without_waiting_the_step_is_done_when_the_child_exists(world, runs, task):
    output = _operator(runs, wait_for_completion=False).execute(_context(task))

    assert (output["state"], runs.count()) == ("queued", 1)
    assert world.begin_as(task, "fulfil").output.value() == output


def test_a_child_of_a_cancelled_workflow_is_not_triggered(world, runs, task):
    workflow_id = world.begin_as(task, "fulfil").workflow.id
    world.backend.cancel_workflow(CancelWorkflow(workflow_id))
    world.rows.set_task_state(task, "running")  # its process lives on until the supervisor's next heartbeat

    with pytest.raises(AirflowFailException, match="cannot trigger run"):
        _operator(runs).execute(_context(task))
    assert runs.count() == 0
    (step,) = world.backend.get_workflow(workflow_id).steps
    assert step.state is StepState.FAILED
