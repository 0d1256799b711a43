"""Outputs that Airflow's XCom cannot hold, and every way in which another task could read them."""

from __future__ import annotations

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

from airflow_wfstate import CompensateWorkflowOperator, CompleteWorkflowOperator, StartWorkflowOperator

did: list[object] = []
"""What acted or was undone, in order; tests read and clear it."""

NAN = float("nan")


def undo(output):
    did.append(("undone", repr(output)))


for consumer, when in {
    "expand": "completed",
    "argument": "attempted",
    "plain": "attempted",
    "template": "completed",
    "multiple_outputs": "completed",
}.items():
    with DAG(f"nan_{consumer}", schedule=None) as dag:
        start = StartWorkflowOperator(task_id="start", name=dag.dag_id, key="{{ run_id }}")

        @task.step(task_id="work", compensate=undo, compensate_when=when, retries=1, retry_delay=0)
        def prices():
            did.append("acted")
            return [1.0, NAN]

        @task.step(task_id="work", compensate=undo, compensate_when=when, multiple_outputs=True)
        def stats():
            did.append("acted")
            return {"mean": NAN, "n": 3.0}

        @task.step
        def step_that_reads(value):
            did.append(value)

        @task
        def task_that_reads(value):
            did.append(value)

        work = stats() if consumer == "multiple_outputs" else prices()
        start >> work
        match consumer:
            case "expand":
                reader = step_that_reads.expand(value=work)
            case "argument":
                reader = step_that_reads(work)
            case "plain":
                reader = task_that_reads(work)
            case "template":
                reader = BashOperator(task_id="bash", bash_command="echo {{ ti.xcom_pull('work') }}")
            case _:
                reader = step_that_reads(work["mean"])
        work >> reader >> CompleteWorkflowOperator(task_id="complete")
        CompensateWorkflowOperator(task_id="compensate")

with DAG("nan_not_pushed", schedule=None):
    start = StartWorkflowOperator(task_id="start", name="nan_not_pushed", key="{{ run_id }}")

    @task.step(task_id="work", do_xcom_push=False)
    def kept():
        did.append("acted")
        return {"nan": NAN, "nul": "\u0000", "surrogate": "\ud800"}

    start >> kept() >> CompleteWorkflowOperator(task_id="complete")

with DAG("nan_at_the_end", schedule=None):
    start = StartWorkflowOperator(task_id="start", name="nan_at_the_end", key="{{ run_id }}")
    start >> CompleteWorkflowOperator(task_id="complete", output=[NAN])
