"""An order that this DAG only packs. A stock service and a payment service do the rest, and report it through events.

``definitions/choreographed_order.yaml`` says what the events mean and who may send them. Apply it first. The services
are in ``demo/services``. When the payment is declined, the work is undone, newest first: the relay of this DAG unpacks
the parcel, then a request to the stock service releases the reservation.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from airflow.sdk import dag, task

from airflow_wfstate import (
    STEP,
    CompensateWorkflowOperator,
    CompensationContext,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    Step,
    WaitForEventOperator,
)

log = logging.getLogger(__name__)


def unpack(output: dict[str, str] | None, compensation: CompensationContext) -> None:
    log.info("Unpacking %s of order %s", output, compensation.workflow.key)


@dag(schedule=None, catchup=False, params={"order_id": "1001"}, tags=["wfstate"], doc_md=__doc__)
def choreographed_order() -> None:
    # The plan and the policies come from the definition.
    start = StartWorkflowOperator(task_id="start", name="choreographed_order", key="{{ params.order_id }}")
    # A retry continues the same wait. Airflow itself may fail a task that has waited only seconds.
    patient = {"retries": 2, "retry_delay": timedelta(seconds=5)}
    reserved = WaitForEventOperator(
        task_id="reserved", event="com.example.stock.reserved", timeout=timedelta(hours=1), **patient
    )

    @task.step(compensate=unpack)
    def pack(order_id: str, step: Step = STEP) -> dict[str, str]:
        log.info("Packing order %s, attempt %d", order_id, step.attempt)
        return {"parcel": f"parcel-{order_id}"}

    # Fails at once, without a retry, when the payment is declined.
    paid = WaitForEventOperator(
        task_id="paid", event="com.example.payment.captured", timeout=timedelta(days=1), **patient
    )
    start >> reserved >> pack("{{ params.order_id }}") >> paid >> CompleteWorkflowOperator(task_id="complete")
    CompensateWorkflowOperator(task_id="compensate")


choreographed_order()
