"""Values that JSON cannot express, writes from another process, and what a step leaves besides its return value."""

from __future__ import annotations

import multiprocessing

from airflow.sdk import Asset, dag, task
from outside import effect

from airflow_wfstate import (
    STEP,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    Step,
)

PARAMS = {"key": "1"}
INVOICED = Asset("odd_values_invoiced")


def start(**options):
    return StartWorkflowOperator(task_id="start", name="odd_values", key="{{ params.key }}", **options)


@dag(schedule=None, params=PARAMS)
def prices_of_today():
    """A price is unknown, and the mean is not a number."""

    @task.step
    def prices():
        return [1.0, float("nan"), float("inf")]

    @task.step
    def book(price, step: Step = STEP):
        effect(step.workflow.key, "book", price=repr(price))

    @task.step
    def statistics() -> dict[str, float]:
        return {"mean": float("nan"), "count": 3.0}

    @task.step
    def report(mean, count, step: Step = STEP):
        effect(step.workflow.key, "report", mean=repr(mean), count=repr(count))

    found, told = prices(), statistics()
    start() >> [found, told]
    [book.expand(price=found), report(told["mean"], told["count"])] >> CompleteWorkflowOperator(task_id="complete")


@dag(schedule=None, params=PARAMS)
def train_a_model():
    """The epochs are trained by a separate process, which also writes checkpoints."""

    @task.step(retries=0)
    def train(step: Step = STEP):
        def epochs():
            for number in range(3):
                step.checkpoint("epoch", number)

        process = multiprocessing.get_context("fork").Process(target=epochs)
        process.start()
        process.join()
        effect(step.workflow.key, "train", exit_code=process.exitcode)
        step.checkpoint("trained", value=True)
        return "model"

    start() >> train() >> CompleteWorkflowOperator(task_id="complete")


@dag(schedule=None, params=PARAMS, max_active_runs=16)
def send_an_invoice():
    """A second run of the key gets the number of the invoice as the first run got it."""

    @task.step(outlets=[INVOICED])
    def invoice(step: Step = STEP, outlet_events=None, ti=None):
        effect(step.workflow.key, "invoice")
        outlet_events[INVOICED].extra = {"invoice": f"inv-{step.workflow.key}"}
        ti.xcom_push(key="number", value=f"inv-{step.workflow.key}")

    @task
    def tell(number, params=None):
        effect(params["key"], "tell", number=number)

    begun = start(participants=["send_an_invoice"])
    told = tell("{{ ti.xcom_pull('invoice', key='number') }}")
    begun >> invoice() >> told >> CompleteWorkflowOperator(task_id="complete")


@dag(schedule=[INVOICED])
def ledger():
    """Books what the invoices' events say."""

    @task
    def book(triggering_asset_events=None):
        for event in triggering_asset_events[INVOICED]:
            effect("ledger", "book", number=event.extra["invoice"])

    book()


prices_of_today()
ledger()
train_a_model()
send_an_invoice()
