"""An order whose shipping has a bug in version 1. The test commits it, and then commits it with another version.

Each effect is a line in a file, with the version of the code that made it.
"""

from __future__ import annotations

import os
from pathlib import Path

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException

from airflow_wfstate import STEP, CompensateWorkflowOperator, CompleteWorkflowOperator, StartWorkflowOperator

VERSION = 1

PARAMS = {"key": "1", "folder": "/nowhere"}


def effect(folder, key, name):
    """One line: what was done, and by which version."""
    file = os.open(Path(folder, f"{key}.effects"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, f"{name} v{VERSION}\n".encode())
    finally:
        os.close(file)
    return {"folder": folder}


def undo(output, compensation):
    if output is not None:
        effect(output["folder"], compensation.workflow.key, f"undo {compensation.step_name}")


@dag(schedule=None, params=PARAMS)
def versioned_order():
    start = StartWorkflowOperator(task_id="start", name="versioned_order", key="{{ params.key }}", on_failure="hold")

    @task.step(compensate=undo)
    def charge(folder, step=STEP):
        return effect(folder, step.workflow.key, "charge")

    @task.step(compensate=undo, compensate_when="completed")
    def ship(folder, step=STEP):
        effect(folder, step.workflow.key, "ship")
        if VERSION == 1:
            raise AirflowFailException("A bug of version 1.")
        return {"folder": folder}

    (
        start
        >> charge("{{ params.folder }}")
        >> ship("{{ params.folder }}")
        >> CompleteWorkflowOperator(task_id="complete")
    )
    CompensateWorkflowOperator(task_id="compensate")


versioned_order()
