"""A shipment of as many parcels as a run asks for, which waits until somebody cancels it."""

from __future__ import annotations

from airflow.sdk import dag, task
from outside import effect, hang

from airflow_wfstate import STEP, CompensateWorkflowOperator, CompleteWorkflowOperator, StartWorkflowOperator, Step


def unpack(output, compensation):
    effect(compensation.workflow.key, "unpack", parcel=output)


@dag(schedule=None, params={"key": "1", "parcels": 40})
def wide_shipment():
    start = StartWorkflowOperator(task_id="start", name="wide_shipment", key="{{ params.key }}")

    @task
    def parcels(params=None):
        return list(range(params["parcels"]))

    @task.step(compensate=unpack)
    def pack(parcel, step: Step = STEP):
        effect(step.workflow.key, "pack", parcel=parcel)
        return parcel

    @task.step
    def hold(step: Step = STEP):
        hang(step.workflow.key, "hold")

    numbers = parcels()
    start >> numbers
    pack.expand(parcel=numbers) >> hold() >> CompleteWorkflowOperator(task_id="complete")
    CompensateWorkflowOperator(task_id="compensate")


wide_shipment()
