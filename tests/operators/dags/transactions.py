"""Transactions whose commit loses its answer; the connection is ``bookings``."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_wfstate import (
    CompensateWorkflowOperator,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    TransactionalStepOperator,
)

did: list[object] = []
"""What was undone, in order; tests read and clear it."""

after_failure = [lambda: None]
"""What should happen when the step has failed."""


def undo(output, compensation):
    did.append(output)


for when in ("attempted", "completed"):
    with DAG(f"lost_{when}", schedule=None, params={"who": "ann"}) as dag:
        start = StartWorkflowOperator(task_id="start", name=dag.dag_id, key="{{ run_id }}")
        book = TransactionalStepOperator(
            task_id="book",
            conn_id="{{ 'bookings' }}",
            sql="INSERT INTO booking (who) VALUES (%(who)s) RETURNING who",
            parameters={"who": "{{ params.who }}"},
            compensate=undo,
            compensate_when=when,
            on_failure_callback=lambda context: after_failure[0](),
        )
        start >> book >> CompleteWorkflowOperator(task_id="complete")
        CompensateWorkflowOperator(task_id="compensate")
