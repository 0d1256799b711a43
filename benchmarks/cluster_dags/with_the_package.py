"""The same ten tasks as ``without.py``, as steps and with ``durable``."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import chain, dag, task

from airflow_wfstate import durable

TASKS = 10
PATIENT = {"retries": 3, "retry_delay": timedelta(seconds=1)}
"""Where the machine is overloaded Airflow gives up a task now and then, plain ones too."""


def work(number: int) -> dict[str, int]:
    """Next to nothing."""
    return {"number": number}


@dag(schedule=None, catchup=False, max_active_runs=1000, default_args=PATIENT)
def steps() -> None:
    """The same as steps of an implicit workflow."""
    do = task.step(work)
    chain(*(do.override(task_id=f"task_{number}")(number) for number in range(TASKS)))


def _operator(number: int) -> PythonOperator:
    return PythonOperator(task_id=f"task_{number}", python_callable=work, op_args=[number])


@dag(schedule=None, catchup=False, max_active_runs=1000, default_args=PATIENT)
def made_durable() -> None:
    """The same with ``durable``."""
    chain(*(durable(_operator(number)) for number in range(TASKS)))


steps()
made_durable()
