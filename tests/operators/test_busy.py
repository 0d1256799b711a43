"""A task whose step is running in another run waits, deferred, and never acts twice."""

from __future__ import annotations

import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from airflow_wfstate.operators.steps.declaration.options import StepOptions
from airflow_wfstate.operators.steps.execution import StepExecution
from airflow_wfstate.operators.steps.waiting import ASK_AGAIN


@pytest.fixture
def two_runs(world):
    """Two runs of one workflow."""
    key = world.unique("key")
    runs = []
    for _ in range(2):
        runs.append(world.rows.add_run("intake"))
        world.start(runs[-1], key=key, participants=["intake"])
    return runs


def _execution(task_instance_id: str) -> StepExecution:
    """One execution of a task for the step ``pack``, as Airflow's task runner does it."""
    context: Any = {
        "ti": SimpleNamespace(id=uuid.UUID(task_instance_id), map_index=-1, xcom_push=lambda key, value: None)
    }
    return StepExecution(EmptyOperator(task_id="pack"), StepOptions(), context)


def _refuse(*_arguments):
    raise AssertionError("The step acted a second time.")


def test_the_second_run_waits_and_gets_the_stored_output(world, two_runs):
    _, begun = world.begin(two_runs[0], "pack")
    second = world.rows.add_task("intake", two_runs[1], "pack")
    with pytest.raises(TaskDeferred) as waiting:
        _execution(second).execute(_refuse)
    with pytest.raises(TaskDeferred) as still_waiting:
        _execution(second).resume(waiting.value.method_name, waiting.value.kwargs, execute=_refuse, go_on=_refuse)
    assert still_waiting.value.method_name == ASK_AGAIN
    assert still_waiting.value.kwargs == waiting.value.kwargs  # the wait began only once
    world.succeed(begun, "parcel")
    kwargs = {**waiting.value.kwargs, "event": None}
    assert _execution(second).resume(ASK_AGAIN, kwargs, execute=_refuse, go_on=_refuse) == "parcel"


def test_the_wait_ends_with_the_reason(world, two_runs, monkeypatch):
    monkeypatch.setattr("airflow_wfstate.conf.busy_timeout", lambda: timedelta(0))
    world.begin(two_runs[0], "pack")
    second = world.rows.add_task("intake", two_runs[1], "pack")
    with pytest.raises(AirflowFailException, match=r"The step is being done by .*busy_timeout_seconds"):
        _execution(second).execute(_refuse)


def test_a_task_that_deferred_itself_and_lost_its_step_goes_on_and_never_starts_anew(world, two_runs):
    first, second = (world.rows.add_task("intake", run_id, "pack") for run_id in two_runs)

    def defer(_attempt):
        raise TaskDeferred(trigger=None, method_name="job_ended")

    with pytest.raises(TaskDeferred):
        _execution(first).execute(defer)
    # Airflow fails the task, another run takes the step over, and the first task runs after all.
    world.rows.set_task_state(first, "failed", ended_ago=timedelta(hours=1))
    with pytest.raises(TaskDeferred):
        _execution(second).execute(defer)
    world.rows.set_task_state(first, "running")
    with pytest.raises(TaskDeferred) as waiting:
        _execution(first).resume("job_ended", {"job": 1}, execute=_refuse, go_on=_refuse)
    assert waiting.value.method_name == ASK_AGAIN
    with pytest.raises(ValueError, match="it fails"):
        _execution(second).resume("job_ended", None, execute=_refuse, go_on=_fail)
    gone_on = []
    _execution(first).resume(
        ASK_AGAIN, waiting.value.kwargs, execute=_refuse, go_on=lambda *deferral: gone_on.append(deferral)
    )
    assert gone_on == [("job_ended", {"job": 1})]


def test_a_step_that_is_out_of_attempts_fails_for_good(world, two_runs, monkeypatch):
    monkeypatch.setattr("airflow_wfstate.conf.max_attempts", lambda: 1)
    task, _ = world.begin(two_runs[0], "pack")
    with pytest.raises(AirflowFailException, match=r"\[wfstate\] max_attempts.*airflow wfstate resume"):
        _execution(world.rows.next_try(task)).execute(_refuse)
    monkeypatch.setattr("airflow_wfstate.conf.max_attempts", lambda: 0)  # no limit
    task, _ = world.begin(world.rows.add_run("intake"), "pack")
    assert _execution(world.rows.next_try(task)).execute(lambda attempt: attempt.begun.attempt) == 2


def _fail(*_arguments):
    raise ValueError("it fails")
