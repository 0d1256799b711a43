"""Runs that come a second time: with other params, after a rehearsal, and after a run of the day before."""

from __future__ import annotations

from datetime import datetime, timezone

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException
from outside import effect, is_allowed

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
    return StartWorkflowOperator(task_id="start", name="second_starts", key="{{ params.key }}", **options)


# A default that is computed whenever the file is parsed, as in many DAGs.
@dag(schedule=None, params={**PARAMS, "until": datetime.now(timezone.utc).isoformat()})
def load_until_now():
    @task.step(retries=0)
    def load(until, step: Step = STEP):
        effect(step.workflow.key, "load", until=until)
        if not is_allowed(step.workflow.key, "load"):
            raise AirflowFailException("the source is not there yet")

    start(on_failure="hold") >> load("{{ params.until }}") >> CompleteWorkflowOperator(task_id="complete")
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None, params={**PARAMS, "place": "rehearsal"})
def rehearsed():
    @task.step(compensate=undo)
    def charge(step: Step = STEP, params=None):
        effect(params["key"], "charge", place=params["place"])

    @task.step(item_key=lambda number: f"n{number}")
    def each(number, step: Step = STEP, params=None):
        effect(params["key"], "each", place=params["place"], number=number)

    start() >> charge() >> each.expand(number=[1, 2]) >> CompleteWorkflowOperator(task_id="complete")
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None, params=PARAMS)
def day_by_day():
    """Each day waits for the day before."""

    @task.step(retries=0, depends_on_past=True)
    def load(step: Step = STEP):
        if not is_allowed(step.workflow.key, "load"):
            raise AirflowFailException("a bad day")

    start(on_failure="hold") >> load() >> CompleteWorkflowOperator(task_id="complete")
    CompensateWorkflowOperator(task_id="compensate")


load_until_now()
rehearsed()
day_by_day()
