"""An order, part two: pack and ship it. ``order_intake`` triggers this DAG, which joins its workflow."""

from __future__ import annotations

import logging

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException

from airflow_wfstate import STEP, CompensateWorkflowOperator, CompensationContext, Step

log = logging.getLogger(__name__)


def unpack(output: dict[str, str] | None, compensation: CompensationContext) -> None:
    log.info("Unpacking %s of workflow %s", output, compensation.workflow.key)


@dag(
    schedule=None,
    catchup=False,
    params={"order_id": "1001", "amount": "49.90", "ship_fails": False},
    tags=["wfstate"],
    doc_md=__doc__,
)
def order_fulfilment() -> None:
    @task.step(compensate=unpack)
    def pack(order_id: str, step: Step = STEP) -> dict[str, str]:
        log.info("Packing order %s, attempt %d", order_id, step.attempt)
        return {"parcel": f"parcel-{order_id}"}

    @task.step
    def ship(parcel: dict[str, str], *, fails: str) -> dict[str, str]:
        if fails == "True":
            raise AirflowFailException(f"The carrier refuses {parcel['parcel']}.")
        return {"tracking": f"tracking-{parcel['parcel']}"}

    ship(pack("{{ params.order_id }}"), fails="{{ params.ship_fails }}")
    CompensateWorkflowOperator(task_id="compensate")


order_fulfilment()
