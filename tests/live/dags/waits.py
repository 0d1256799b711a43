"""An order with a vendor that answers by a token, and a run elsewhere that waits for it from before its start."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task
from outside import effect

from airflow_wfstate import (
    STEP,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    Step,
    WaitForStepSensor,
    WaitForWorkflowSensor,
)

PARAMS = {"key": "1"}


def place_order(key, url):
    effect(key, "order", url=url)
    return f"order of {key}"


@dag(schedule=None, params=PARAMS)
def vendor():
    @task.step(retries=0)
    def order(step: Step = STEP):
        token = step.token(expires=timedelta(hours=1))
        placed = step.once("order", place_order, step.workflow.key, token.url)
        return {"placed": placed, "answer": token.wait()}

    start = StartWorkflowOperator(task_id="start", name="vendor", key="{{ params.key }}", on_failure="hold")
    start >> order() >> CompleteWorkflowOperator(task_id="complete")


@dag(schedule=None, params=PARAMS)
def watcher():
    of_vendor = {"name": "vendor", "key": "{{ params.key }}", "retries": 0}
    WaitForStepSensor(task_id="ordered", participant="vendor", step="order", **of_vendor)
    WaitForWorkflowSensor(task_id="done", **of_vendor)
    # Not rescheduled: Airflow fails such a sensor now and then, the more often the shorter its interval is
    # (https://github.com/apache/airflow/issues/71172).
    WaitForWorkflowSensor(task_id="poked", deferrable=False, mode="poke", poke_interval=2, **of_vendor)
    WaitForWorkflowSensor(task_id="in_vain", states=["cancelled"], **of_vendor)


vendor()
watcher()
