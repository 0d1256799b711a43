"""Two DAGs that start workflows of the same name; they differ in what they do when the key is taken."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, task

from airflow_wfstate import STEP, CompensateWorkflowOperator, CompleteWorkflowOperator, StartWorkflowOperator


def undo(output, compensation):
    pass


def hold(folder, go_on, step=STEP):
    """Works until the file that ``go_on`` names exists, or until nobody wants the work any more."""
    Path(folder, f"{step.workflow.key}-{step.workflow.generation}-holds").touch()
    deadline = time.monotonic() + 300
    while not (Path(folder, go_on).exists() or step.cancelled) and time.monotonic() < deadline:
        time.sleep(0.1)
    return {"cancelled": step.cancelled}


for if_exists in ("attach", "terminate"):
    with DAG(
        f"start_again_{if_exists}", schedule=None, params={"key": "1", "folder": "/nowhere", "go_on": "go-on"}
    ) as dag:
        start = StartWorkflowOperator(
            task_id="start",
            name="start_again",
            key="{{ params.key }}",
            input={"go_on": "{{ params.go_on }}"},
            participants=["start_again_attach", "start_again_terminate"],
            if_exists=if_exists,
        )
        reserve = task.step(task_id="reserve", compensate=undo)(lambda: "reserved")()
        held = task.step(task_id="hold")(hold)("{{ params.folder }}", "{{ params.go_on }}")
        # A guest may get here before the owner has completed the workflow.
        complete = CompleteWorkflowOperator(
            task_id="complete", output="done", retries=10, retry_delay=timedelta(seconds=2)
        )
        start >> reserve >> held >> complete
        CompensateWorkflowOperator(task_id="compensate")
    globals()[dag.dag_id] = dag
