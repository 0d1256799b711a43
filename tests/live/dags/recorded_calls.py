"""A payroll that records its calls: side by side in an asynchronous step, and, by mistake, several under one name."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from airflow.sdk import dag, task
from outside import effect

from airflow_wfstate import STEP, CompleteWorkflowOperator, StartWorkflowOperator, Step

PARAMS = {"key": "1"}
STAFF = ("anna", "bert", "carl")


def pay(key, who):
    effect(key, "pay", who=who)
    return f"paid {who}"


def greet(key, *, name):
    effect(key, "greet", name=name)


def start(**options):
    return StartWorkflowOperator(task_id="start", name="payroll", key="{{ params.key }}", **options)


@dag(schedule=None, params=PARAMS)
def payroll():
    @task.step(retries=1, retry_delay=timedelta(seconds=1))
    async def pay_all(step: Step = STEP):
        key = step.workflow.key

        async def pay_one(who):
            await asyncio.sleep(0.01)
            return step.once(f"pay {who}", pay, key, who)

        async def fetch_rate():
            await asyncio.sleep(0.01)
            effect(key, "fetch")
            return 19

        paid = await asyncio.gather(*(pay_one(who) for who in STAFF))
        rate = await step.once("rate", fetch_rate)
        step.once("greet", greet, key, name="Bob")
        if step.attempt == 1:
            raise RuntimeError("the network is gone")
        return {"paid": paid, "rate": rate}

    start() >> pay_all() >> CompleteWorkflowOperator(task_id="complete")


@dag(schedule=None, params=PARAMS)
def payroll_of_one_name():
    @task.step(retries=0)
    def pay_all(step: Step = STEP):
        return [step.once("pay", pay, step.workflow.key, who) for who in STAFF]

    start(on_failure="hold") >> pay_all() >> CompleteWorkflowOperator(task_id="complete")


payroll()
payroll_of_one_name()
