"""Steps of services that succeed late: while their workflow is being undone, or after it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

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
    """The carrier is still running, and the rest of the order is undone; the carrier does not delay that."""
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


def test_a_success_beside_an_undo_that_is_overdue_is_not_undone_before_an_operator_has_decided(
    shop: Shop, requests: UndoRequests
) -> None:
    shop.send(shop.placed("1"), shop.event("payments", "captured", "1"), shop.event("carrier", "collected", "1"))
    cancel(shop)
    requests.world.sweep()
    requests.become_overdue("1")

    shop.send(shop.event("carrier", "delivered", "1"))

    assert requests.undos("1") == {"payments.capture 1": "failed", "carrier.deliver 1": "armed"}
    assert requests.sent("carrier") == []
    assert shop.find("1").summary.state is WorkflowState.COMPENSATION_FAILED


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
    assert remaining["carrier.deliver"] == "is awaited: a service does it"
    shop.send(shop.event("carrier", "refused", key))
    (note,) = world.backend.plan_resume(order.workflow_id).notes
    assert note == "Step carrier.deliver stays failed until an event of its service says otherwise."


def test_a_success_that_comes_after_the_failure_is_undone(shop: Shop, requests: UndoRequests) -> None:
    """The order is declined before the success is reported. The step may have begun, or not even that."""
    for key, early in (("1", []), ("2", [shop.event("carrier", "collected", "2")])):
        shop.send(shop.placed(key), *early, shop.event("payments", "declined", key))
        assert shop.find(key).summary.state is WorkflowState.COMPENSATED, "nothing to undo yet"

        shop.send(shop.event("carrier", "delivered", key))

        asked = [request for request in requests.sent("carrier") if request["data"]["workflow"]["key"] == key]
        assert len(asked) == 1
        shop.send(shop.event("carrier", "returned", key))
        assert requests.undos(key) == {"carrier.deliver 1": "done"}
        assert shop.find(key).summary.state is WorkflowState.COMPENSATED
    again = shop.placed("1")
    shop.send(again)
    assert len(shop.generations("1")) == 2


def test_a_success_after_a_failure_without_a_relay_has_what_there_is_undone(
    world: World, shop: Shop, requests: UndoRequests
) -> None:
    """The DAG that started it has no relay, and failed when there was nothing to undo."""
    run_id, key = world.rows.add_run("intake"), world.unique("key")
    started = world.start(run_id, name=shop.name, key=key)
    task, begun = world.begin(run_id, "pack")
    world.fail(begun, "no boxes")
    world.rows.set_task_state(task, "failed", ended_ago=timedelta(minutes=5))
    world.rows.set_run_state("intake", run_id, "failed")
    world.sweep()
    assert world.state(started.workflow.id) is WorkflowState.FAILED

    shop.send(shop.event("carrier", "delivered", key))

    assert world.state(started.workflow.id) is WorkflowState.COMPENSATING
    assert len(requests.sent("carrier")) == 1
    shop.send(shop.event("carrier", "returned", key))
    assert world.state(started.workflow.id) is WorkflowState.COMPENSATED


@pytest.mark.first_answer
def test_what_a_service_has_undone_by_itself_and_done_again_is_undone(shop: Shop, requests: UndoRequests) -> None:
    """A reservation expires and is made again, and then the order is declined."""
    times = [f"2026-01-01T10:0{minute}:00Z" for minute in range(4)]
    shop.send(shop.placed("1"), shop.event("carrier", "delivered", "1", time=times[0]))
    shop.send(shop.event("carrier", "returned", "1", time=times[1]))

    assert shop.told(shop.event("carrier", "delivered", "1", time=times[2])) == ["applied"]
    assert requests.undos("1") == {"carrier.deliver 1": "done", "carrier.deliver 2": "armed"}
    shop.send(shop.event("payments", "declined", "1", time=times[3]))
    (request,) = requests.sent("carrier")

    assert request["data"]["round"] == 2
    shop.send(shop.event("carrier", "returned", "1", causationid=request["id"]))
    assert requests.undos("1") == {"carrier.deliver 1": "done", "carrier.deliver 2": "done"}
    assert shop.find("1").summary.state is WorkflowState.COMPENSATED


def test_a_cancel_with_compensation_undoes_what_a_service_at_work_has_still_done(
    world: World, shop: Shop, requests: UndoRequests
) -> None:
    shop.send(shop.placed("1"), shop.event("carrier", "collected", "1"))
    plan = world.backend.plan_cancel(shop.find("1").summary.id, compensate=True)
    assert (plan.next_state, plan.outcome.startswith("There is nothing to undo yet")) == (
        WorkflowState.COMPENSATING,
        True,
    )
    cancel(shop)
    world.sweep()
    assert shop.find("1").summary.state is WorkflowState.COMPENSATED

    shop.send(shop.event("carrier", "delivered", "1"))
    assert len(requests.sent("carrier")) == 1
    shop.send(shop.event("carrier", "returned", "1"))

    assert requests.undos("1") == {"carrier.deliver 1": "done"}


def test_an_answer_is_about_the_generation_that_was_asked(world: World, shop: Shop, requests: UndoRequests) -> None:
    """Even if it has only the business key, which has a newer generation by now."""
    shop.send(shop.placed("1"), shop.event("payments", "declined", "1"))
    shop.send(shop.event("carrier", "delivered", "1"))
    first = shop.find("1").summary.id
    (request,) = requests.sent("carrier")
    shop.send({**shop.placed("1"), "id": world.unique("again")})
    assert shop.generations("1") == ["running", "compensated"]

    (answered,) = shop.send(shop.event("carrier", "returned", "1", causationid=request["id"]))

    undone = world.backend.list_compensations(first).compensations
    assert [item.compensation.state.value for item in undone] == ["done"]
    assert "carrier.deliver" not in shop.states("1")
    assert answered.workflow_id in (first, None), "none of one that is sent again"
