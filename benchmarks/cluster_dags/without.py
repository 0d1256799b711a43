"""Ten tasks in a row, twice: of ``@task``, and of a classic operator. They import nothing of the package."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import chain, dag, task

TASKS = 10
PATIENT = {"retries": 3, "retry_delay": timedelta(seconds=1)}
"""Where the machine is overloaded Airflow gives up a task now and then, plain ones too."""


def work(number: int) -> dict[str, int]:
    """Next to nothing."""
    return {"number": number}


@dag(schedule=None, catchup=False, max_active_runs=1000, default_args=PATIENT)
def plain() -> None:
    """Ten plain tasks."""
    do = task(work)
    chain(*(do.override(task_id=f"task_{number}")(number) for number in range(TASKS)))


def _operator(number: int) -> PythonOperator:
    return PythonOperator(task_id=f"task_{number}", python_callable=work, op_args=[number])


@dag(schedule=None, catchup=False, max_active_runs=1000, default_args=PATIENT)
def classic() -> None:
    """Ten classic operators."""
    chain(*(_operator(number) for number in range(TASKS)))


plain()
classic()
