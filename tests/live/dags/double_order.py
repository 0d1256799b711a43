"""An order that is sent twice within a second, as shops do: each pair of runs is one workflow."""

from __future__ import annotations

import time

from airflow.sdk import dag, task
from outside import effect

from airflow_wfstate import (
    STEP,
    CompensateWorkflowOperator,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    Step,
)


@dag(schedule=None, params={"key": "1"}, max_active_runs=32)
def double_order():
    start = StartWorkflowOperator(
        task_id="start", name="double_order", key="{{ params.key }}", participants=["double_order"]
    )

    @task.step
    def charge(step: Step = STEP):
        effect(step.workflow.key, "charge", idempotency_key=step.idempotency_key)
        time.sleep(1)  # the other run finds the step running

    @task.step
    def ship(step: Step = STEP):
        effect(step.workflow.key, "ship", idempotency_key=step.idempotency_key)

    start >> charge() >> ship() >> CompleteWorkflowOperator(task_id="complete")
    CompensateWorkflowOperator(task_id="compensate")


double_order()
