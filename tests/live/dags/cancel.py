"""A workflow of two DAGs that runs until somebody cancels it."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator, dag, task, teardown

from airflow_wfstate import (
    STEP,
    CompensateWorkflowOperator,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    TriggerWorkflowDagRunOperator,
    durable,
)

PARAMS = {"key": "1", "folder": "/nowhere"}


def undo(output, compensation):
    pass


class WaitsLong(BaseOperator):
    """Waits for the triggerer, far longer than anybody is patient."""

    def execute(self, context):
        self.defer(trigger=TimeDeltaTrigger(timedelta(hours=1)), method_name="ended")

    def ended(self, context, event=None):
        raise AssertionError("The wait was to be cancelled.")


@dag(schedule=None, params=PARAMS)
def cancellable():
    start = StartWorkflowOperator(task_id="start", name="cancellable", key="{{ params.key }}")

    @task.step(compensate=undo)
    def prepare():
        return "prepared"

    @task.step(compensate=undo, retries=2, retry_delay=timedelta(seconds=1))
    def work(folder, step=STEP):
        """Works bit by bit, and checks now and then whether the work is still wanted."""
        deadline = time.monotonic() + 300
        while not step.cancelled and time.monotonic() < deadline:
            time.sleep(0.1)
        Path(folder, f"{step.workflow.key}-noticed").write_text(str(step.cancelled))
        return {"noticed": step.cancelled}

    @task.step
    def never():
        raise AssertionError("No step begins after the cancel.")

    @teardown
    def tidy(folder, key):
        Path(folder, f"{key}-tidied").touch()

    prepared = prepare()
    last = never()
    start >> prepared
    prepared >> work("{{ params.folder }}") >> last
    prepared >> durable(WaitsLong(task_id="wait")) >> last
    prepared >> TriggerWorkflowDagRunOperator(task_id="delegate", trigger_dag_id="cancellable_child") >> last
    last >> CompleteWorkflowOperator(task_id="complete") >> tidy("{{ params.folder }}", "{{ params.key }}")
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None, params=PARAMS)
def cancellable_child():
    @task.step(compensate=undo)
    def pack():
        return "packed"

    pack() >> durable(WaitsLong(task_id="hold"))
    CompensateWorkflowOperator(task_id="compensate")


cancellable()
cancellable_child()
