"""Tasks and items that would be one step, and items that only look like it."""

from __future__ import annotations

import os
from pathlib import Path

from airflow.sdk import DAG, task, task_group

from airflow_wfstate import StartWorkflowOperator

ACTED = Path(os.environ["AIRFLOW_HOME"]) / "acted"
"""A line for each payment made. In a file, because ``dag.test()`` imports this module again."""

ROWS = [{"id": 1, "amount": 10}, {"id": 2, "amount": 20}]


def dag_of(dag_id):
    """A DAG with a start and what is declared below it; items run one after the other."""
    dag = DAG(dag_id, schedule=None, max_active_tasks=1)
    with dag:
        start = StartWorkflowOperator(task_id="start", name=dag_id, key="{{ run_id }}", on_failure="hold")
    return dag, start


def pay(row):
    with ACTED.open("a") as lines:
        lines.write(f"{row}\n")
    return row


two_tasks_dag, start = dag_of("two_tasks")
with two_tasks_dag:
    both = task.step(name="pay", item_key="{{ run_id }}")(pay)
    start >> both.override(task_id="pay_hotel")("hotel") >> both.override(task_id="pay_airline")("airline")

equal_items_dag, start = dag_of("equal_items")
with equal_items_dag:
    start >> task.step(task_id="pay")(pay).expand(row=[7, 7])

one_key_dag, start = dag_of("one_key")
with one_key_dag:
    start >> task.step(task_id="pay", item_key="{{ ds }}{{ run_id }}")(pay).expand(row=ROWS)

grouped_dag, start = dag_of("grouped")
with grouped_dag:

    @task_group
    def each(row):
        @task_group
        def inner(row):
            task.step(task_id="pay", item_key="{{ row.id }}")(pay)(row)
            task.step(task_id="thank")(pay)(row)

        inner(row)

    start >> each.expand(row=ROWS)

grouped_one_key_dag, start = dag_of("grouped_one_key")
with grouped_one_key_dag:

    @task_group
    def every(row):
        task.step(task_id="pay", item_key="{{ run_id }}")(pay)(row)

    start >> every.expand(row=ROWS)
