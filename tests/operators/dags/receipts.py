"""Steps with an undo that return a class that is not allowed, and a dict; and one without an undo."""

from __future__ import annotations

from dataclasses import dataclass

from airflow.sdk import DAG, task

from airflow_wfstate import CompensateWorkflowOperator, StartWorkflowOperator


@dataclass
class Receipt:
    """What a payment service might return."""

    number: int


def undo(output): ...


with DAG("receipts", schedule=None):
    start = StartWorkflowOperator(task_id="start", name="receipts", key="{{ run_id }}")

    def step_that_returns(name, value, **options):
        """A step with this output."""
        return task.step(task_id=name, do_xcom_push=False, **options)(lambda: value)()

    start >> [
        step_that_returns("charge", Receipt(7), compensate=undo),
        step_that_returns("reserve", {"number": 7}, compensate=undo),
        step_that_returns("log", Receipt(7)),
    ]
    CompensateWorkflowOperator(task_id="compensate")
