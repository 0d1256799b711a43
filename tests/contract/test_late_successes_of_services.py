"""Steps of services that succeed late: while their workflow is being undone, or after it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow, DecideCompensation, Decision
from airflow_wfstate.domain.rules.states import WorkflowState
from tests.support.services import Shop
from tests.support.shop import failed_order
from tests.support.undo_requests import UndoRequests, undo_requests
from tests.support.world import World


@pytest.fixture
def shop(world: World) -> Shop:
    return Shop(world.backend, on_failure="compensate", within="PT1H").apply()


@pytest.fixture
def requests(world: World, shop: Shop) -> Iterator[UndoRequests]:
    with undo_requests(world, shop, "payments", "carrier") as added:
        yield added


def compensated_but_for_carrier(shop: Shop, requests: UndoRequests) -> None:
    """The carrier is at work, and all else of the order is undone: that holds nothing up."""
    shop.send(shop.placed("1"), shop.event("payments", "captured", "1"), shop.event("carrier", "collected", "1"))
    cancel(shop)
    requests.world.sweep()
    shop.send(shop.event("payments", "refunded", "1"))
    assert shop.find("1").summary.state is WorkflowState.COMPENSATED
    assert shop.states("1")["carrier.deliver"] == "running"


def cancel(shop: Shop, *, compensate: bool = True) -> None:
    shop.backend.cancel_workflow(CancelWorkflow(shop.find("1").summary.id, compensate=compensate))


def test_a_success_while_the_workflow_is_undone_is_undone_too(shop: Shop, requests: UndoRequests) -> None:
    shop.send(shop.placed("1"), shop.event("payments", "captured", "1"), shop.event("carrier", "collected", "1"))
    cancel(shop)
    requests.world.sweep()
    assert len(requests.sent("payments")) == 1

    shop.send(shop.event("carrier", "delivered", "1"))
    assert requests.undos("1") == {"payments.capture 1": "running", "carrier.deliver 1": "armed"}
    assert requests.sent("carrier") == [], "one after the other"
    shop.send(shop.event("payments", "refunded", "1"))
    assert len(requests.sent("carrier")) == 1
    shop.send(shop.event("carrier", "returned", "1"))

    assert shop.find("1").summary.state is WorkflowState.COMPENSATED
    assert shop.states("1")["carrier.deliver"] == "compensated"


def test_a_success_after_the_workflow_was_undone_is_undone_at_once(shop: Shop, requests: UndoRequests) -> None:
    compensated_but_for_carrier(shop, requests)

    shop.send(shop.event("carrier", "delivered", "1"))
    assert len(requests.sent("carrier")) == 1
    shop.send(shop.event("carrier", "returned", "1"))

    assert requests.undos("1") == {"payments.capture 1": "done", "carrier.deliver 1": "done"}
    assert shop.states("1")["carrier.deliver"] == "compensated"
    assert shop.find("1").summary.state is WorkflowState.COMPENSATED


def test_a_late_undo_that_fails_waits_for_an_operator(world: World, shop: Shop, requests: UndoRequests) -> None:
    compensated_but_for_carrier(shop, requests)
    shop.send(shop.event("carrier", "delivered", "1"))

    requests.time_passes("1")
    assert requests.undos("1")["carrier.deliver 1"] == "failed"
    summary = shop.find("1").summary
    assert (summary.hold_reason or "").startswith("The compensation of step carrier.deliver failed: carrier has not")
    workflow_id = summary.id

    def decide(decision: Decision) -> None:
        world.backend.decide_compensation(DecideCompensation(workflow_id, "carrier.deliver", decision, "we called"))

    requests.delivered("carrier")
    decide(Decision.RETRY)
    assert len(requests.sent("carrier")) == 1
    decide(Decision.DONE)
    assert shop.find("1").summary.hold_reason is None
    assert (requests.sent("carrier"), shop.states("1")["carrier.deliver"]) == ([], "compensated")


@pytest.mark.parametrize("ends", ["cancelled", "succeeded"])
def test_it_stays_done_where_nothing_is_undone(world: World, shop: Shop, requests: UndoRequests, ends: str) -> None:
    before = [shop.placed("1"), shop.event("payments", "captured", "1")]
    if ends == "cancelled":
        shop.send(*before)
        cancel(shop, compensate=False)
    shop.send(*before, shop.event("carrier", "delivered", "1"))

    assert shop.find("1").summary.state.value == ends
    assert requests.undos("1") == {"payments.capture 1": "discarded", "carrier.deliver 1": "discarded"}
    if ends == "succeeded":
        world.backend.compensate_workflow(CompensateWorkflow(shop.find("1").summary.id))
        assert len(requests.sent("carrier")) == 1


def test_plans_list_the_undos_of_services_in_the_one_order(world: World, shop: Shop, requests: UndoRequests) -> None:
    shop.send(shop.placed("1"), shop.event("payments", "captured", "1", {"amount": 30}))
    shop.send(shop.event("carrier", "collected", "1"))
    workflow_id = shop.find("1").summary.id

    (cancelled,) = world.backend.plan_cancel(workflow_id, compensate=True).undone
    (undone,) = world.backend.plan_compensate(workflow_id).undone

    assert (cancelled.step, cancelled.handler) == ("payments.capture", "event refund_requested to payments")
    assert (undone.handler, undone.dag_id, undone.run_id, undone.obstacle) == (cancelled.handler, "", "", None)
    assert undone.output is not None
    assert undone.output.value() == 30


def test_a_plan_of_a_resume_says_what_becomes_of_the_steps_of_services(world: World) -> None:
    shop = Shop(world.backend, plan=["payments.capture", "reserve", "carrier.deliver"], within="PT1H").apply()
    order = failed_order(world, name=shop.name, plan=())
    key = world.backend.get_workflow(order.workflow_id).summary.key
    shop.send(shop.event("payments", "captured", key))

    plan = world.backend.plan_resume(order.workflow_id)

    assert "payments.capture" in plan.steps_answering
    remaining = {step.step: step.why for step in plan.steps_to_run if "." not in step.step or "carrier" in step.step}
    assert remaining["carrier.deliver"] == "is waited for: a service does it"
    shop.send(shop.event("carrier", "refused", key))
    (note,) = world.backend.plan_resume(order.workflow_id).notes
    assert note == "Step carrier.deliver stays failed until an event of its service says otherwise."
