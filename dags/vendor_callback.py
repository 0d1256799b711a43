"""An order whose parts come from a vendor. The step waits for the vendor's callback without taking a worker slot.

Run it, copy the URL from the log of ``order_parts``, and play the vendor:

    curl --json '{"delivery": "2027-01-31"}' URL

The URL works once, only for this step, and until it expires. The same body sent again is accepted again. Anyone else
learns only that there is no such token.
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
)

log = logging.getLogger(__name__)


def place_order(order_id: str, key: str, callback: str) -> str:
    # Here you would call the vendor's API. The URL is a secret: this example logs it only so that you can try it.
    log.info("Ordering the parts of %s (key %s); the vendor calls back: %s", order_id, key, callback)
    return f"vendor-{order_id}"


def cancel_order(output: dict[str, str] | None, compensation: CompensationContext) -> None:
    log.info("Cancelling the vendor's order %s (key %s)", output, compensation.step_idempotency_key)


@dag(schedule=None, catchup=False, params={"order_id": "1001"}, tags=["wfstate"], doc_md=__doc__)
def vendor_callback() -> None:
    start = StartWorkflowOperator(
        task_id="start", name="vendor_order", key="{{ params.order_id }}", plan=["order_parts", "assemble"]
    )

    @task.step(compensate=cancel_order)
    def order_parts(order_id: str, step: Step = STEP) -> dict[str, str]:
        token = step.token(expires=timedelta(days=3))
        # `once`, because the function runs again from the top after the vendor has answered.
        vendor_order = step.once("order", place_order, order_id, step.idempotency_key, token.url)
        answer = token.wait()
        return {"vendor_order": vendor_order, "delivery": str(answer["delivery"])}

    @task.step
    def assemble(parts: dict[str, str]) -> None:
        log.info("Assembling with the parts that come on %s", parts["delivery"])

    parts = order_parts("{{ params.order_id }}")
    start >> parts
    assemble(parts) >> CompleteWorkflowOperator(task_id="complete")
    CompensateWorkflowOperator(task_id="compensate")


vendor_callback()
