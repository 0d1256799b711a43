"""Runs that Airflow calls a success although the work is not done, and workflows with nothing to undo."""

from __future__ import annotations

import time

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import dag, setup, task, teardown
from airflow.sdk.exceptions import AirflowFailException
from outside import effect, hang, is_allowed

from airflow_wfstate import (
    STEP,
    CompensateWorkflowOperator,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    Step,
)

PARAMS = {"key": "1"}


def undo(output, compensation):
    effect(compensation.workflow.key, f"undo {compensation.step_name}")


def start(**options):
    return StartWorkflowOperator(task_id="start", name="ends", key="{{ params.key }}", **options)


def complete():
    return CompleteWorkflowOperator(task_id="complete")


@task.step(compensate=undo)
def reserve(step: Step = STEP):
    effect(step.workflow.key, "reserve")
    return "reserved"


@task.step(compensate=undo)
def pay(amount=1, step: Step = STEP):
    effect(step.workflow.key, "pay", amount=amount)


@dag(schedule=None, params=PARAMS, fail_fast=True)
def ends_fail_fast():
    """One step fails while another is running, which Airflow then ends."""

    @task.step(compensate=undo)
    def slow(step: Step = STEP):
        effect(step.workflow.key, "slow begins")
        deadline = time.monotonic() + 120
        while not step.cancelled:
            if time.monotonic() > deadline:
                raise TimeoutError("nobody has ended it")
            time.sleep(0.1)
        raise RuntimeError("told to end")

    @task.step
    def bad(step: Step = STEP, params=None):
        hang(params["key"], "fail")
        raise AirflowFailException("the first to fail")

    start() >> reserve() >> [slow(), bad()] >> pay() >> complete()
    CompensateWorkflowOperator(task_id="compensate")


def with_a_short_circuit(policy):
    @dag(dag_id=f"ends_short_circuit_{policy}", schedule=None, params=PARAMS)
    def cut_short():
        """A check says no, and everything below it is skipped, including Complete."""

        @task.short_circuit
        def is_worth_it():
            return False

        start(on_skip=policy) >> reserve() >> is_worth_it() >> pay() >> complete()
        CompensateWorkflowOperator(task_id="compensate")

    cut_short()


@dag(schedule=None, params=PARAMS)
def ends_rejected():
    """Somebody rejects what is to be paid."""
    approve = ApprovalOperator(task_id="approve", subject="Pay?")
    start(on_skip="compensate") >> reserve() >> approve >> pay() >> complete()
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None, params=PARAMS)
def ends_empty():
    """There is nothing to pay today."""

    @task.step
    def find_bills():
        return []

    begun, bills = start(), find_bills()
    begun >> bills
    pay.expand(amount=bills) >> complete()
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None, params=PARAMS)
def ends_nothing_to_undo():
    """The first step fails, before anything was done; the next run of the key does it."""

    @task.step(compensate_when="completed", compensate=undo, retries=0)
    def connect(step: Step = STEP, params=None):
        if step.workflow.generation == 1:
            raise AirflowFailException("the bank is closed")
        effect(step.workflow.key, "connect")

    start() >> connect() >> complete()
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None, params=PARAMS)
def ends_marked_run():
    """A step hangs, and a person marks the whole run as success."""

    @task.step(compensate=undo)
    def wait_for_the_bank(step: Step = STEP):
        hang(step.workflow.key, "bank")

    start() >> reserve() >> wait_for_the_bank() >> pay() >> complete()
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None, params=PARAMS)
def ends_with_a_cluster():
    """A cluster is dropped, whatever became of the work on it."""

    @setup
    @task.step
    def make_cluster(step: Step = STEP):
        effect(step.workflow.key, "make cluster")

    @task.step(retries=0)
    def work(step: Step = STEP):
        effect(step.workflow.key, "work")
        if not is_allowed(step.workflow.key, "work"):
            raise AirflowFailException("out of memory")

    @teardown
    @task  # a teardown that is a step is an import error
    def drop_cluster(params=None):
        effect(params["key"], "drop cluster")

    made, worked, dropped = make_cluster(), work(), drop_cluster()
    start(on_failure="hold") >> made >> worked >> dropped
    made >> dropped
    worked >> complete()
    CompensateWorkflowOperator(task_id="compensate")


ends_fail_fast()
for policy in ("complete", "compensate", "hold"):
    with_a_short_circuit(policy)
ends_rejected()
ends_empty()
ends_nothing_to_undo()
ends_marked_run()
ends_with_a_cluster()
