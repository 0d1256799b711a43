"""An order that sends letters: one DAG, called at two places of the process and once for each of two customers."""

from __future__ import annotations

from airflow.sdk import dag, task
from outside import effect

from airflow_wfstate import (
    STEP,
    CompensateWorkflowOperator,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    Step,
    TriggerWorkflowDagRunOperator,
)


def undo(output, compensation):
    effect(compensation.workflow.key, f"undo {compensation.step_name}", output=output)


@dag(schedule=None, params={"key": "1", "is_lost": False})
def order_with_letters():
    start = StartWorkflowOperator(task_id="start", name="letters", key="{{ params.key }}")

    @task.step(compensate=undo)
    def pack(step: Step = STEP):
        effect(step.workflow.key, "pack")
        return "parcel"

    @task.step
    def deliver(params=None):
        if params["is_lost"]:
            raise RuntimeError("the parcel is lost")

    send_receipt = TriggerWorkflowDagRunOperator(
        task_id="send_receipt", trigger_dag_id="letter", conf={"text": "we have your order"}
    )
    send_tracking = TriggerWorkflowDagRunOperator(
        task_id="send_tracking", trigger_dag_id="letter", conf={"text": "it is on its way"}
    )
    remind = TriggerWorkflowDagRunOperator.partial(task_id="remind", trigger_dag_id="letter").expand(
        conf=[{"text": "rate us, Anna"}, {"text": "rate us, Bert"}]
    )
    complete = CompleteWorkflowOperator(task_id="complete")
    start >> send_receipt >> pack() >> send_tracking >> remind >> deliver() >> complete
    CompensateWorkflowOperator(task_id="compensate")


@dag(schedule=None, params={"text": ""}, max_active_runs=16)
def letter():
    @task.step(compensate=undo)
    def post(text, step: Step = STEP):
        effect(step.workflow.key, "post", text=text, idempotency_key=step.idempotency_key)
        return text

    post("{{ params.text }}")
    CompensateWorkflowOperator(task_id="compensate")


order_with_letters()
letter()
