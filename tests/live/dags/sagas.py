"""The sagas of well-known systems; the run's conf says what fails."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import dag, task

from airflow_wfstate import (
    CompensateWorkflowOperator,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    TriggerWorkflowDagRunOperator,
    durable,
)

PARAMS = {"key": "1", "folder": "/nowhere", "fails": "nothing", "undo_fails": "nothing", "undo_holds": "nothing"}
"""``fails``: the step that fails. ``undo_fails``: the step whose undo fails. ``undo_holds``: whose undo waits."""


def undo(output, compensation):
    """Fail or wait where the workflow's input says so; else it is undone."""
    from airflow.sdk import get_current_context

    params = get_current_context()["params"]
    name = compensation.step_name
    if params["undo_fails"] == name:
        raise RuntimeError(f"{name} cannot be undone")
    if params["undo_holds"] == name and compensation.attempt == 1:
        told = Path(params["folder"], f"{compensation.workflow.key}.pid")
        told.with_suffix(".part").write_text(str(os.getpid()))
        told.with_suffix(".part").rename(told)
        time.sleep(300)


def do(name, fails):
    if fails == name:
        raise RuntimeError(f"{name} fails")
    return {"done": name}


def step(name, **options):
    """A step that fails when the run's conf says so."""
    options = {"compensate": undo, "compensate_attempts": 1, **options}
    return task.step(task_id=name, **options)(do)(name, "{{ params.fails }}")


def start(**options):
    return StartWorkflowOperator(task_id="start", name="saga", key="{{ params.key }}", **options)


def notice(context):
    """Notify somebody that a compensation failed."""
    params = context["params"]
    Path(params["folder"], f"{params['key']}.notice").touch()


@dag(schedule=None, params=PARAMS)
def saga_order():
    """AWS, "Saga orchestration": the failing step is compensated too."""
    steps = [step(name) for name in ("process_order", "process_payment", "reserve_inventory")]
    start() >> steps[0] >> steps[1] >> steps[2] >> CompleteWorkflowOperator(task_id="complete")
    CompensateWorkflowOperator(task_id="compensate", on_failure_callback=notice)


@dag(schedule=None, params=PARAMS, max_active_runs=50)
def saga_many():
    """One step, which fails and is undone; the run is its workflow."""
    step("one")
    CompensateWorkflowOperator(task_id="compensate")


def options_saga(policy):
    @dag(dag_id=f"saga_options_{policy}", schedule=None, params=PARAMS)
    def options():
        """Temporal, "Saga" options: three are armed, and the last step fails."""
        steps = [step(name) for name in ("one", "two", "three")]
        begun = start(on_compensation_error=policy)
        begun >> steps[0] >> steps[1] >> steps[2] >> step("last", compensate=None, compensate_attempts=3)
        CompensateWorkflowOperator(task_id="compensate")

    options()


@dag(schedule=None, params=PARAMS)
def saga_local():
    """Eventuate: a local step, a remote one, a local one; what failed did nothing."""
    first, third = (step(name, compensate_when="completed") for name in ("one", "three"))
    remote = TriggerWorkflowDagRunOperator(task_id="remote", trigger_dag_id="saga_remote")
    start() >> first >> remote >> third >> CompleteWorkflowOperator(task_id="complete")
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None, params=PARAMS)
def saga_remote():
    step("two", compensate_when="completed")
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None, params=PARAMS)
def saga_three():
    """Three DAGs, and twenty items in the middle one."""
    middle = TriggerWorkflowDagRunOperator(task_id="middle", trigger_dag_id="saga_middle")
    start() >> step("one") >> middle >> CompleteWorkflowOperator(task_id="complete")
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None, params=PARAMS)
def saga_middle():
    @task.step(compensate=lambda: BashOperator(task_id="undo", bash_command="test '{{ output.item }}' -ge 0"))
    def item(number):
        return {"item": number}

    last = TriggerWorkflowDagRunOperator(task_id="last", trigger_dag_id="saga_last")
    item.expand(number=list(range(20))) >> last
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None, params=PARAMS)
def saga_last():
    step("two", compensate_attempts=2) >> step("three")
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None, params=PARAMS)
def saga_late():
    """DTM: it is cancelled before its late step began."""
    wait = durable(BashOperator(task_id="wait", bash_command="sleep 300"))
    start() >> wait >> step("late")
    CompensateWorkflowOperator(task_id="compensate")


def until(folder, key, name):
    """Wait for the test to say so; tell it that the wait has begun."""
    Path(folder, f"{key}.{name}.waits").touch()
    deadline = time.monotonic() + 240
    while not Path(folder, f"{key}.{name}.go").exists():
        if time.monotonic() > deadline:
            raise TimeoutError(name)
        time.sleep(0.1)
    return name


@dag(schedule=None, params=PARAMS)
def saga_flight():
    """It fails while another DAG's run of the same workflow is running."""
    wait = task(until)("{{ params.folder }}", "{{ params.key }}", "failure")
    start(participants=["saga_flight_guest"]) >> step("one") >> wait >> step("breaks", compensate=None)
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None, params=PARAMS)
def saga_flight_guest():
    at_work = task.step(task_id="at_work", compensate=undo)(until)
    start() >> at_work("{{ params.folder }}", "{{ params.key }}", "at_work") >> step("never")
    CompensateWorkflowOperator(task_id="compensate")


def ended_from_outside(dag_id, **options):
    @dag(dag_id=dag_id, schedule=None, params=PARAMS, **options)
    def ends():
        """Its run ends by a timeout, or manually."""
        wait = durable(BashOperator(task_id="wait", bash_command="sleep 300"))
        start() >> step("one") >> wait >> CompleteWorkflowOperator(task_id="complete")
        CompensateWorkflowOperator(task_id="compensate")

    ends()


ended_from_outside("saga_timeout", dagrun_timeout=timedelta(seconds=30))  # longer than its first step on a busy machine
ended_from_outside("saga_by_hand")
saga_many()
saga_flight()
saga_flight_guest()
saga_order()
saga_local()
saga_remote()
saga_three()
saga_middle()
saga_last()
saga_late()
for policy in ("stop", "continue"):
    options_saga(policy)
