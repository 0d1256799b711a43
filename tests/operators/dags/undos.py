"""Undos as people write them: async, skipping, permanently failing, lists of operators; the last step always fails."""

from __future__ import annotations

import asyncio

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_wfstate import CompensateWorkflowOperator, StartWorkflowOperator

done: list[object] = []
"""What the undos did, in order; tests read and clear it."""


async def refund(output, compensation):
    await asyncio.sleep(0.01)
    done.append(("refund", output, compensation.attempt))


def unsent(output):
    done.append("unsent")
    raise AirflowSkipException("the letter was never sent")


def closed(output):
    done.append("closed")
    raise AirflowFailException("the account is closed")


def unknown(output):
    done.append("unknown")
    return object()


def returns_operators(output):
    return [
        PythonOperator(task_id=name, python_callable=done.append, op_args=[f"{name} {{{{ output }}}}"])
        for name in ("unpack", "restock")
    ]


def dag_of(dag_id, **undos):
    """A DAG with a step for each undo, in order, and a last one that fails."""
    with DAG(dag_id, schedule=None) as dag:
        tasks = [StartWorkflowOperator(task_id="start", name=dag_id, key="{{ run_id }}")]
        for name, undo in undos.items():
            tasks.append(task.step(task_id=name, compensate=undo)(lambda: 7)())
            tasks[-2] >> tasks[-1]

        @task.step
        def ship():
            raise AirflowFailException("no ship")

        tasks[-1] >> ship()
        CompensateWorkflowOperator(task_id="compensate")
    return dag


all_undone = dag_of(
    "all_undone",
    charge=refund,
    send=unsent,
    pack=returns_operators,
    label=lambda: BashOperator(task_id="peel", bash_command="exit 99"),
)
failed_for_good = dag_of("failed_for_good", charge=closed)
not_understood = dag_of("not_understood", charge=unknown)
