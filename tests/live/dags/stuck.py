"""One DAG for each way in which a workflow makes no progress."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator, dag, task

from airflow_wfstate import (
    STEP,
    CompensateWorkflowOperator,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    Step,
    TriggerWorkflowDagRunOperator,
    durable,
)

PARAMS = {"key": "1", "folder": "/nowhere"}
OWNED = {"owner": "on-call"}


def undo(output, compensation):
    pass


class WaitsLong(BaseOperator):
    """Waits for the triggerer, far longer than anybody is patient."""

    def execute(self, context):
        self.defer(trigger=TimeDeltaTrigger(timedelta(hours=1)), method_name="ended")

    def ended(self, context, event=None):
        raise AssertionError("Nobody waits that long.")


@task.step
def hold(folder, step: Step = STEP):
    """Run until the test says so."""
    path = Path(folder, step.workflow.key)
    path.with_suffix(".holds").touch()
    deadline = time.monotonic() + 300
    while not path.with_suffix(".go").exists():
        if time.monotonic() > deadline:
            raise TimeoutError(path)
        time.sleep(0.1)


def start(**options):
    return StartWorkflowOperator(task_id="start", name="stuck", key="{{ params.key }}", **options)


@task.step(compensate=undo)
def reserve():
    return "reserved"


@task.step
def after():
    return "after"


def complete():
    return CompleteWorkflowOperator(task_id="complete")


@dag(schedule=None, params=PARAMS, default_args=OWNED)
def stuck_paused():
    start() >> hold("{{ params.folder }}") >> after() >> complete()


@dag(schedule=None, params=PARAMS, default_args=OWNED)
def stuck_pool():
    start() >> after.override(pool="stuck")() >> complete()


@dag(schedule=None, params=PARAMS, default_args=OWNED)
def stuck_slow():
    start() >> hold("{{ params.folder }}") >> complete()


@dag(schedule=None, params=PARAMS, default_args=OWNED)
def stuck_child():
    delegate = TriggerWorkflowDagRunOperator(task_id="delegate", trigger_dag_id="stuck_child_waits")
    start() >> delegate >> complete()


@dag(schedule=None, params=PARAMS, default_args=OWNED)
def stuck_child_waits():
    durable(WaitsLong(task_id="wait"))


@dag(schedule=None, params=PARAMS, default_args=OWNED)
def stuck_upstream():
    @task
    def breaks():
        raise ValueError("This task always fails.")

    begun, done = start(), complete()
    begun >> durable(WaitsLong(task_id="wait")) >> done
    begun >> breaks() >> after() >> done


@dag(schedule=None, params=PARAMS, default_args=OWNED)
def stuck_held():
    @task.step
    def breaks():
        raise ValueError("no stock for 3 of sku-7")

    start(on_failure="hold") >> reserve() >> breaks() >> complete()
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None, params=PARAMS, default_args=OWNED)
def stuck_forgotten():
    start() >> after()


@dag(schedule=None, params=PARAMS, default_args=OWNED)
def stuck_turn():
    start() >> reserve() >> durable(WaitsLong(task_id="wait")) >> complete()
    CompensateWorkflowOperator(task_id="compensate")


def overdue(policy):
    @dag(dag_id=f"stuck_overdue_{policy}", schedule=None, params=PARAMS, default_args=OWNED)
    def late():
        on_failure = "hold" if policy == "fail" else "compensate"
        begun = start(deadline=timedelta(seconds=15), on_deadline=policy, on_failure=on_failure)
        begun >> reserve() >> durable(WaitsLong(task_id="wait")) >> complete()
        CompensateWorkflowOperator(task_id="compensate")

    late()


stuck_paused()
stuck_pool()
stuck_slow()
stuck_child()
stuck_child_waits()
stuck_upstream()
stuck_held()
stuck_forgotten()
stuck_turn()
for policy in ("flag", "fail", "cancel", "compensate"):
    overdue(policy)
