"""Workflows of every kind, for tests on a cluster whose parts are killed. The run's conf says how each must end.

Every task is patient: what kills it is not its own failure. A business failure is an AirflowFailException, which is not
retried. What is done outside is a row, with the idempotency key by which a receiver tells a repetition.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from datetime import timedelta

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException

from airflow_wfstate import (
    STEP,
    CompensateWorkflowOperator,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    Step,
    TriggerWorkflowDagRunOperator,
    WaitForEventOperator,
)

PARAMS = {"key": "1", "fails": False}
OPTIONS = {
    "schedule": None,
    "params": PARAMS,
    "max_active_runs": 200,
    "default_args": {"retries": 60, "retry_delay": timedelta(seconds=2)},
}
TICKS = 10
"""Checkpoints of the long step."""


def effect(workflow, what, key, detail=""):
    """Do something outside: a call of a receiver that deduplicates by key."""
    with closing(sqlite3.connect(os.environ["WFSTATE_EFFECTS"], timeout=60, isolation_level=None)) as outside:
        outside.execute("INSERT INTO effect VALUES (?, ?, ?, ?, ?)", (time.time(), workflow, what, key, detail))


def undo(output, compensation):
    effect(compensation.workflow.key, f"undo {compensation.step_name}", compensation.idempotency_key)


def do(name, **options):
    """A step that does one thing outside, and fails for good where the run's conf says so."""

    def act(fails, step: Step = STEP):
        effect(step.workflow.key, name, step.idempotency_key)
        if fails == "True":
            raise AirflowFailException(f"{name} is refused")
        return {"done": name}

    fails = "{{ params.fails }}" if options.pop("may_fail", False) else "False"
    return task.step(task_id=name, **options)(act)(fails)


def start(name):
    return StartWorkflowOperator(task_id="start", name=name, key="{{ params.key }}", on_failure="compensate")


@dag(**OPTIONS)
def chaos_order():
    """Two DAGs: what both did is undone when the second one fails."""
    fulfil = TriggerWorkflowDagRunOperator(task_id="fulfil", trigger_dag_id="chaos_fulfilment")
    done = CompleteWorkflowOperator(task_id="complete")
    start("chaos_order") >> do("reserve", compensate=undo) >> do("charge", compensate=undo) >> fulfil >> done
    CompensateWorkflowOperator(task_id="compensate")


@dag(**OPTIONS)
def chaos_fulfilment():
    do("pack", compensate=undo) >> do("ship", may_fail=True)
    CompensateWorkflowOperator(task_id="compensate")


@dag(**OPTIONS)
def chaos_saga():
    """A long step between two short ones; the last one may fail."""

    @task.step(compensate=undo)
    def load(step: Step = STEP):
        for tick in range(int(str(step.checkpoints.get("tick", 0))), TICKS):
            effect(step.workflow.key, f"tick {tick}", f"{step.idempotency_key}:{tick}")
            step.checkpoint("tick", tick + 1)
            time.sleep(0.5)

    done = CompleteWorkflowOperator(task_id="complete")
    start("chaos_saga") >> do("book", compensate=undo) >> load() >> do("pay", may_fail=True) >> done
    CompensateWorkflowOperator(task_id="compensate")


@dag(**OPTIONS)
def chaos_choreographed():
    """A stock service and a payment service take part, by events."""
    begun = StartWorkflowOperator(task_id="start", name="chaos_choreographed", key="{{ params.key }}")
    within = {"timeout": timedelta(hours=2)}
    reserved = WaitForEventOperator(task_id="reserved", event="com.example.stock.reserved", **within)
    paid = WaitForEventOperator(task_id="paid", event="com.example.payment.captured", **within)
    begun >> reserved >> do("pack", compensate=undo) >> paid >> CompleteWorkflowOperator(task_id="complete")
    CompensateWorkflowOperator(task_id="compensate")


def place_order(workflow, key, url):
    effect(workflow, "place", key, url)


@dag(**OPTIONS)
def chaos_vendor():
    """A partner answers by a token."""

    @task.step
    def order(step: Step = STEP):
        token = step.token(expires=timedelta(hours=2))
        step.once("place", place_order, step.workflow.key, step.idempotency_key, token.url)
        return token.wait()

    start("chaos_vendor") >> order() >> do("assemble") >> CompleteWorkflowOperator(task_id="complete")
    CompensateWorkflowOperator(task_id="compensate")


@dag(**OPTIONS)
def chaos_unattended():
    """Nobody starts or completes it: the run is its workflow, and the sweep ends it."""

    @task.step
    def alone(step: Step = STEP, params=None):
        effect(params["key"], "alone", step.idempotency_key)

    alone()


chaos_order()
chaos_fulfilment()
chaos_saga()
chaos_choreographed()
chaos_vendor()
chaos_unattended()
