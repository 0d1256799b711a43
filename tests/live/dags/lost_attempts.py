"""Steps that wait in every way, for a test that removes their task instances, or watches."""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta
from pathlib import Path

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator, BaseSensorOperator, dag, task

from airflow_wfstate import STEP, StartWorkflowOperator, Step, durable

PARAMS = {"key": "1", "folder": "/nowhere"}
ITEMS = ["a", "b", "c"]


def work_on(folder, step, item):
    """Report which process is running; end when the test says so."""
    name = f"{step.workflow.key}.{item}.{step.attempt}"
    path = Path(folder, name)
    path.with_suffix(".part").write_text(json.dumps({"pid": os.getpid(), "checkpoints": dict(step.checkpoints)}))
    path.with_suffix(".part").rename(path)
    step.checkpoint("seen", step.attempt)
    deadline = time.monotonic() + 300
    while not Path(folder, f"{name}.go").exists():
        if time.monotonic() > deadline:
            raise TimeoutError(name)
        time.sleep(0.05)
    return {"item": item, "attempt": step.attempt}


@dag(schedule=None, params=PARAMS)
def losable():
    """It has no retries: killed, its task is over. Cleared while it runs, Airflow still retries it."""
    start = StartWorkflowOperator(task_id="start", name="losable", key="{{ params.key }}")

    @task.step(retry_delay=timedelta(seconds=1))
    def work(folder, step: Step = STEP):
        return work_on(folder, step, "work")

    start >> work("{{ params.folder }}")


@dag(schedule=None, params=PARAMS)
def losable_deleted():
    start = StartWorkflowOperator(task_id="start", name="losable", key="{{ params.key }}")

    @task.step
    def work(folder, step: Step = STEP):
        return work_on(folder, step, "work")

    start >> work("{{ params.folder }}")


@dag(schedule=None, params=PARAMS)
def losable_items():
    """The test changes ITEMS between two tries."""
    start = StartWorkflowOperator(task_id="start", name="losable", key="{{ params.key }}")

    @task.step(item_key=lambda item, **_: item, max_active_tis_per_dagrun=3)
    def work(item, folder, step: Step = STEP):
        return work_on(folder, step, item)

    start >> work.partial(folder="{{ params.folder }}").expand(item=ITEMS)


class WaitsLong(BaseOperator):
    """Waits for the triggerer, far longer than anybody is patient."""

    def execute(self, context):
        self.defer(trigger=TimeDeltaTrigger(timedelta(hours=1)), method_name="ended")

    def ended(self, context, event=None):
        raise AssertionError("Nobody waits that long.")


class NeverContent(BaseSensorOperator):
    """Pokes, and is rescheduled."""

    def poke(self, context):
        return False


@dag(schedule=None, params=PARAMS)
def alive():
    """A step that runs long, one that is deferred, and one that is rescheduled."""
    start = StartWorkflowOperator(task_id="start", name="alive", key="{{ params.key }}")

    @task.step
    def slow(folder, step: Step = STEP):
        return work_on(folder, step, "slow")

    rescheduled = NeverContent(task_id="rescheduled", mode="reschedule", poke_interval=3600, timeout=7200)
    start >> [slow("{{ params.folder }}"), durable(WaitsLong(task_id="deferred")), durable(rescheduled)]


losable()
losable_deleted()
losable_items()
alive()
