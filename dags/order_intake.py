"""An order, part one: reserve the stock, charge the card, and trigger another DAG that fulfils the order.

One workflow, ``order/<order id>``, spans this DAG and ``order_fulfilment``. Run it with ``ship_fails`` to see the steps
of both DAGs undone in reverse order. Run it again with the same order id to see that nothing is done twice.
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
    TriggerWorkflowDagRunOperator,
)

log = logging.getLogger(__name__)


def release_stock(output: dict[str, str] | None, compensation: CompensationContext) -> None:
    # Without an output it is unknown whether the stock was reserved. The warehouse can look it up by the key.
    log.info("Releasing %s (key %s)", output, compensation.step_idempotency_key)


def refund(output: dict[str, str] | None, compensation: CompensationContext) -> None:
    log.info("Refunding %s with key %s, because: %s", output, compensation.idempotency_key, compensation.error)


@dag(
    schedule=None,
    catchup=False,
    params={"order_id": "1001", "amount": "49.90", "ship_fails": False},
    tags=["wfstate"],
    doc_md=__doc__,
)
def order_intake() -> None:
    start = StartWorkflowOperator(
        task_id="start",
        name="order",
        key="{{ params.order_id }}",
        plan=["reserve_stock", "charge_card", "fulfil", "order_fulfilment.pack", "order_fulfilment.ship"],
        # Lets other runs of this DAG take part: when the same order is submitted again, it gets the stored outputs.
        participants=["order_intake"],
        deadline=timedelta(hours=4),
        on_failure="compensate",
    )

    @task.step(compensate=release_stock)
    def reserve_stock(order_id: str, step: Step = STEP) -> dict[str, str]:
        log.info("Reserving the stock of order %s (key %s)", order_id, step.idempotency_key)
        return {"reservation": f"reservation-{order_id}"}

    @task.step(compensate=refund)
    def charge_card(order_id: str, amount: str, step: Step = STEP) -> dict[str, str]:
        # The card company charges once per key, no matter how often this task is retried.
        log.info("Charging %s for order %s (key %s)", amount, order_id, step.idempotency_key)
        return {"charge": f"charge-{order_id}", "amount": amount}

    reserved = reserve_stock("{{ params.order_id }}")
    charged = charge_card("{{ params.order_id }}", "{{ params.amount }}")
    fulfil = TriggerWorkflowDagRunOperator(task_id="fulfil", trigger_dag_id="order_fulfilment")
    complete = CompleteWorkflowOperator(
        task_id="complete", output={"order_id": "{{ params.order_id }}", "fulfilled_by": "{{ ti.xcom_pull('fulfil') }}"}
    )
    start >> reserved >> charged >> fulfil >> complete
    CompensateWorkflowOperator(task_id="compensate")


order_intake()
