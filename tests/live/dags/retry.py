"""Steps that report which process runs them, and wait until the test lets them continue; it kills one meanwhile."""

from __future__ import annotations

import json
import os
import signal
import time
from datetime import timedelta
from pathlib import Path

from airflow.sdk import dag, task

from airflow_wfstate import STEP, CompleteWorkflowOperator, StartWorkflowOperator, Step, TransactionalStepOperator
from airflow_wfstate.exceptions import WorkflowStateError
from airflow_wfstate.operators.steps.attempt import Attempt

PARAMS = {"key": "1", "folder": "/nowhere"}
RETRIES = {"retries": 3, "retry_delay": timedelta(seconds=1)}


def tell(folder, name, **facts):
    """Write a file in one step, so that nobody reads half of it."""
    path = Path(folder, name)
    path.with_suffix(".part").write_text(json.dumps({**facts, "pid": os.getpid(), "parent": os.getppid()}))
    path.with_suffix(".part").rename(path)


def wait_for(folder, name):
    deadline = time.monotonic() + 300
    while not Path(folder, name).exists():
        if time.monotonic() > deadline:
            raise TimeoutError(name)
        time.sleep(0.05)


@dag(schedule=None, params=PARAMS)
def mortal():
    start = StartWorkflowOperator(task_id="start", name="mortal", key="{{ params.key }}")

    @task.step(**RETRIES)
    def before(folder, step: Step = STEP):
        with Path(folder, f"{step.workflow.key}.before").open("a") as calls:
            calls.write("called\n")
        return "done before"

    @task.step(**RETRIES)
    def work(folder, step: Step = STEP):
        key, number = step.workflow.key, step.attempt
        paid = step.once("pay", lambda: number)
        if "half" not in step.checkpoints:
            step.checkpoint("half", number)
        tell(folder, f"{key}.work.{number}", idempotency_key=step.idempotency_key, half=step.checkpoints["half"])
        wait_for(folder, f"{key}.go.{number}")
        try:
            step.checkpoint("whole", number)
        except WorkflowStateError as refused:
            tell(folder, f"{key}.refused.{number}", kind=type(refused).__name__, text=str(refused))
            raise
        return {"attempt": number, "half": step.checkpoints["half"], "paid": paid}

    complete = CompleteWorkflowOperator(task_id="complete")
    start >> before("{{ params.folder }}") >> work("{{ params.folder }}") >> complete


class DiesAfterItsCommit(TransactionalStepOperator):
    """Its first process is killed after its transaction is committed, before the store hears of it."""

    def execute(self, context):
        if context["ti"].try_number == 1:
            Attempt.end = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(context)


def book(cursor, key):
    cursor.execute("CREATE TABLE IF NOT EXISTS booking (key text, backend integer)")
    cursor.execute("INSERT INTO booking VALUES (%s, pg_backend_pid()) RETURNING backend", (key,))
    return {"key": key, "backend": cursor.fetchone()[0]}


@dag(schedule=None, params=PARAMS)
def booking():
    start = StartWorkflowOperator(task_id="start", name="booking", key="{{ params.key }}")
    step = DiesAfterItsCommit(
        task_id="book",
        conn_id="demo_warehouse",
        python_callable=book,
        op_kwargs={"key": "{{ params.key }}"},
        **RETRIES,
    )
    start >> step >> CompleteWorkflowOperator(task_id="complete")


mortal()
booking()
