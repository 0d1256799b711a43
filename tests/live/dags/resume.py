"""An order of two DAGs whose carrier is broken until somebody mends it.

Each effect is a line in a file, as an outside system would keep it, so that a test can count what was done.
"""

from __future__ import annotations

import os
from pathlib import Path

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException

from airflow_wfstate import (
    STEP,
    CompensateWorkflowOperator,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    TriggerWorkflowDagRunOperator,
)

PARAMS = {"key": "1", "folder": "/nowhere"}


def effect(folder, step, name):
    """One line: the step, and the idempotency key that an outside system would check."""
    line = f"{name} {step.idempotency_key}\n".encode()
    file = os.open(Path(folder, f"{step.workflow.key}.effects"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, line)
    finally:
        os.close(file)
    return name


def undo(output, compensation):
    raise AssertionError("Nothing is undone: the workflow holds for a person.")


@dag(schedule=None, params=PARAMS)
def resumable():
    start = StartWorkflowOperator(task_id="start", name="resumable", key="{{ params.key }}", on_failure="hold")

    @task.step(compensate=undo)
    def reserve(folder, step=STEP):
        return effect(folder, step, "reserve")

    deliver = TriggerWorkflowDagRunOperator(task_id="deliver", trigger_dag_id="resumable_child")
    complete = CompleteWorkflowOperator(task_id="complete", output="delivered")
    start >> reserve("{{ params.folder }}") >> deliver >> complete
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None, params=PARAMS)
def resumable_child():
    @task.step(compensate=undo)
    def pack(folder, step=STEP):
        return effect(folder, step, "pack")

    @task.step
    def ship(folder, step=STEP):
        if Path(folder, f"{step.workflow.key}.broken").exists():
            raise AirflowFailException("The carrier is broken.")
        return effect(folder, step, "ship")

    pack("{{ params.folder }}") >> ship("{{ params.folder }}")
    CompensateWorkflowOperator(task_id="compensate")


resumable()
resumable_child()
