"""A step that its trigger rule lets run although its start has failed."""

from __future__ import annotations

from airflow.sdk import dag, task

from airflow_wfstate import CompleteWorkflowOperator, StartWorkflowOperator

calls = []


@dag(schedule=None)
def no_start():
    @task.step(trigger_rule="all_done")
    def mail():
        calls.append("mail")

    start = StartWorkflowOperator(task_id="start", name="no_start", key="{{ params.missing }}")
    start >> mail() >> CompleteWorkflowOperator(task_id="complete")


no_start()
