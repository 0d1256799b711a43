"""Undos as people write them: asynchronous, a list of operators, with nothing to do, refused for good, and a slow one
in a DAG whose defaults are meant for quick tasks.
"""

from __future__ import annotations

import asyncio
import shlex
import time
from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from outside import FOLDER, effect

from airflow_wfstate import (
    STEP,
    CompensateWorkflowOperator,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    Step,
)

PARAMS = {"key": "1"}


async def refund(output, compensation):
    await asyncio.sleep(0.05)
    effect(compensation.workflow.key, "refund", output=output, idempotency_key=compensation.idempotency_key)


def release_seats(output, compensation):
    """One operator for each seat, in order."""
    path = shlex.quote(str(FOLDER / f"{compensation.workflow.key}.effects"))
    return [
        BashOperator(
            task_id=f"release_{seat}", bash_command=f"""echo '{{"what": "release", "seat": {seat}}}' >> {path}"""
        )
        for seat in output
    ]


def forget(output, compensation):
    effect(compensation.workflow.key, "forget")
    raise AirflowSkipException("the note was never sent")


def unsign(output, compensation):
    effect(compensation.workflow.key, "unsign")
    raise AirflowFailException("the contract is signed")


def slow_undo(output, compensation):
    time.sleep(12)
    effect(compensation.workflow.key, "slow undo", attempt=compensation.attempt)


def start():
    return StartWorkflowOperator(task_id="start", name="undo_functions", key="{{ params.key }}")


@task.step(retries=0)
def breaks():
    raise AirflowFailException("the theatre is closed")


@dag(schedule=None, params=PARAMS)
def undo_of_all_kinds():
    @task.step(compensate=refund)
    async def charge(step: Step = STEP):
        await asyncio.sleep(0.05)
        effect(step.workflow.key, "charge")
        step.checkpoint("charged", value=True)
        return {"charge": 4990}

    @task.step(compensate=release_seats)
    def reserve_seats():
        return [7, 8, 9]

    @task.step(compensate=forget)
    def note():
        return "a note"

    start() >> charge() >> reserve_seats() >> note() >> breaks() >> CompleteWorkflowOperator(task_id="complete")
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None, params=PARAMS)
def undo_refused_for_good():
    @task.step(compensate=unsign)
    def sign():
        return "signed"

    start() >> sign() >> breaks() >> CompleteWorkflowOperator(task_id="complete")
    CompensateWorkflowOperator(task_id="compensate")


@dag(
    schedule=None,
    params=PARAMS,
    default_args={
        "retries": 0,
        "trigger_rule": "none_failed",
        "depends_on_past": True,
        "wait_for_downstream": True,
        "execution_timeout": timedelta(seconds=10),
        "max_active_tis_per_dag": 1,
        "do_xcom_push": False,
    },
)
def undo_in_a_hurry():
    @task.step(compensate=slow_undo)
    def one():
        return 1

    start() >> one() >> breaks() >> CompleteWorkflowOperator(task_id="complete")
    CompensateWorkflowOperator(task_id="compensate")


undo_of_all_kinds()
undo_refused_for_good()
undo_in_a_hurry()
