"""A trip: a car, a hotel and a flight, all of them or none. Copy this example to write a saga.

Run it with ``{"fails": "book_flight"}``. The flight cannot be booked, so the hotel and then the car are cancelled,
newest first. Each booking is undone by the function that its step names. A step that failed booked nothing
(``compensate_when="completed"``), so there is no flight to cancel. Once the trip is paid for, it only goes forward.
"""

from __future__ import annotations

import logging

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

Booking = dict[str, str]


def cancel_booking(output: Booking, compensation: CompensationContext) -> None:
    """Undo a booking. The agency finds it by its number, and cancels it at most once per key."""
    log.info("Cancelling %s with key %s", output["booking"], compensation.idempotency_key)


def book(step: Step, what: str, fails: str) -> Booking:
    """Book with the agency. Thanks to the key, a second call for the same round returns the first booking."""
    if fails == what:
        raise RuntimeError(f"The agency has nothing for {what}.")
    log.info("Booking with key %s", step.idempotency_key)
    return {"booking": f"{what}-{step.workflow.key}"}


@dag(
    schedule=None,
    catchup=False,
    params={"trip_id": "42", "fails": "nothing"},
    tags=["wfstate"],
    doc_md=__doc__,
)
def trip_booking() -> None:
    start = StartWorkflowOperator(
        task_id="start",
        name="trip",
        key="{{ params.trip_id }}",
        plan=["book_car", "book_hotel", "book_flight", "pay", "confirm"],
    )

    @task.step(compensate=cancel_booking, compensate_when="completed")
    def book_car(fails: str, step: Step = STEP) -> Booking:
        return book(step, "book_car", fails)

    @task.step(compensate=cancel_booking, compensate_when="completed")
    def book_hotel(fails: str, step: Step = STEP) -> Booking:
        return book(step, "book_hotel", fails)

    @task.step(compensate=cancel_booking, compensate_when="completed")
    def book_flight(fails: str, step: Step = STEP) -> Booking:
        return book(step, "book_flight", fails)

    @task.step(pivot=True)
    def pay(fails: str, step: Step = STEP) -> Booking:
        return book(step, "pay", fails)

    @task.step(irreversible="email sent")
    def confirm(fails: str, step: Step = STEP) -> Booking:
        return book(step, "confirm", fails)

    fails = "{{ params.fails }}"
    complete = CompleteWorkflowOperator(task_id="complete", output={"trip_id": "{{ params.trip_id }}"})
    start >> book_car(fails) >> book_hotel(fails) >> book_flight(fails) >> pay(fails) >> confirm(fails) >> complete
    CompensateWorkflowOperator(task_id="compensate")


trip_booking()
