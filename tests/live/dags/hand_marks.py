"""A shipment with a task that hangs in every way a task can: somebody marks it as success."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.sensors.python import PythonSensor
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator, dag, task
from outside import effect, hang

from airflow_wfstate import (
    STEP,
    CompensateWorkflowOperator,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    Step,
    durable,
)


def undo(output, compensation):
    effect(compensation.workflow.key, f"undo {compensation.step_name}")


class HearsNothing(BaseOperator):
    """Waits for the triggerer, far longer than anybody is patient."""

    def execute(self, context):
        self.defer(trigger=TimeDeltaTrigger(timedelta(hours=1)), method_name="ended")

    def ended(self, context, event=None):
        raise AssertionError("Nobody waits that long.")


@task.step(task_id="customs", compensate=undo)
def hang_in_customs(step: Step = STEP):
    hang(step.workflow.key, "customs")


def customs(kind):
    if kind == "running":
        return hang_in_customs()
    if kind == "rescheduled":
        never = PythonSensor(task_id="customs", python_callable=lambda: False, mode="reschedule", poke_interval=900)
        return durable(never, compensate=undo)
    return durable(HearsNothing(task_id="customs"), compensate=undo)


def shipment(kind):
    @dag(dag_id=f"shipment_{kind}", schedule=None, params={"key": "1"})
    def ship_through_customs():
        @task.step(compensate=undo)
        def pay(step: Step = STEP):
            effect(step.workflow.key, "pay")

        @task.step(compensate=undo)
        def ship(step: Step = STEP):
            effect(step.workflow.key, "ship")

        start = StartWorkflowOperator(task_id="start", name="shipment", key="{{ params.key }}")
        start >> pay() >> customs(kind) >> ship() >> CompleteWorkflowOperator(task_id="complete")
        CompensateWorkflowOperator(task_id="compensate")

    ship_through_customs()


for kind in ("running", "rescheduled", "deferred"):
    shipment(kind)
