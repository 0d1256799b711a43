"""What happens after a service answers, or does not answer, a request to undo its step: one rule per case."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_wfstate.domain.messages.compensate import CompensateWorkflow, DecideCompensation, Decision
from airflow_wfstate.domain.rules.states import WorkflowState
from tests.support.services import Event, Shop
from tests.support.undo_requests import UndoRequests, undo_requests
from tests.support.world import World

pytestmark = pytest.mark.first_answer


@pytest.fixture
def shop(world: World) -> Shop:
    return Shop(world.backend, on_failure="compensate", within="PT1H").apply()


@pytest.fixture
def requests(world: World, shop: Shop) -> Iterator[UndoRequests]:
    with undo_requests(world, shop, "payments", "carrier") as added:
        yield added


def asked(shop: Shop, requests: UndoRequests, *, captures: int = 1) -> Event:
    """Create an order that payments is asked to undo, and return the request."""
    amounts = range(30, 30 + captures)
    shop.send(shop.placed("1"), *(shop.event("payments", "captured", "1", {"amount": amount}) for amount in amounts))
    shop.send(shop.event("carrier", "refused", "1", {"reason": "no such street"}))
    return requests.sent("payments")[-1]


def decide(world: World, shop: Shop, decision: Decision) -> None:
    request = DecideCompensation(shop.find("1").summary.id, "payments.capture", decision, "we have looked")
    world.backend.decide_compensation(request)


def hold_reason(shop: Shop) -> str:
    summary = shop.find("1").summary
    assert summary.state is WorkflowState.COMPENSATION_FAILED
    return summary.hold_reason or ""


def test_an_answer_counts_once(shop: Shop, requests: UndoRequests) -> None:
    request = asked(shop, requests)
    refunded = shop.event("payments", "refunded", "1", causationid=request["id"])

    assert shop.told(refunded, dict(refunded)) == ["applied", "duplicate"]
    again = shop.event("payments", "refunded", "1", causationid=request["id"])
    assert shop.told(again, shop.event("payments", "refunded", "1")) == ["applied: The step was undone."] * 2


def test_a_step_that_was_done_twice_is_undone_twice_and_answers_say_which(shop: Shop, requests: UndoRequests) -> None:
    second = asked(shop, requests, captures=2)
    assert (second["data"]["round"], second["data"]["output"]) == (2, 31)
    first_id = second["id"].replace("-2-", "-1-")

    (unclear,) = shop.told(shop.event("payments", "refunded", "1"))
    assert "the step was done 2 times" in unclear.lower()
    answer = shop.event("payments", "refunded", "1", causationid=second["id"])
    assert shop.told(answer) == ["applied"]
    assert requests.undos("1") == {"payments.capture 2": "done", "payments.capture 1": "running"}
    assert shop.states("1")["payments.capture"] == "succeeded"
    (first,) = requests.sent("payments")
    assert (first["id"], first["data"]["round"], first["data"]["output"]) == (first_id, 1, 30)

    again = shop.event("payments", "refunded", "1", causationid=second["id"])
    assert shop.told(again) == ["applied: The step was undone."], "an answer of an older round"
    shop.send(shop.event("payments", "refunded", "1", causationid=first["id"]))
    assert shop.find("1").summary.state is WorkflowState.COMPENSATED
    assert shop.states("1")["payments.capture"] == "compensated"


def test_no_answer_in_time_is_a_failure_that_says_what_became_of_the_request(
    world: World, shop: Shop, requests: UndoRequests
) -> None:
    asked(shop, requests)
    world.sweep()
    assert shop.find("1").summary.state is WorkflowState.COMPENSATING
    requests.refused("payments", is_parked=True)
    requests.time_passes("1")
    assert hold_reason(shop) == (
        "The compensation of step payments.capture failed: payments has not answered within 1 hour; its last answer "
        "to the delivery was: 503 down for repairs; the request was parked after 10 attempts (airflow wfstate "
        f"subscriptions continue {shop.subscription('payments')})."
    )

    decide(world, shop, Decision.RETRY)
    (row,) = requests.waiting("payments")
    assert (row.attempts, row.next_try_at is None) == (0, False)
    accepted = requests.delivered("payments")
    requests.time_passes("1")
    assert "payments has not answered within 1 hour; it has accepted the request." in hold_reason(shop)

    decide(world, shop, Decision.RETRY)
    assert requests.delivered("payments")["id"] == accepted["id"]
    page = world.backend.list_compensations(shop.find("1").summary.id)
    assert [(item.compensation.attempts, len(item.decisions)) for item in page.compensations] == [(3, 2)]


def test_an_answer_after_its_time_lets_the_workflow_go_on(shop: Shop, requests: UndoRequests) -> None:
    request = asked(shop, requests)
    requests.time_passes("1")
    assert "has not been sent yet" in hold_reason(shop)

    assert shop.told(shop.event("payments", "refunded", "1", causationid=request["id"])) == ["applied"]

    assert shop.find("1").summary.state is WorkflowState.COMPENSATED
    assert requests.sent("payments") == []


@pytest.mark.parametrize("decision", [Decision.DONE, Decision.SKIP])
def test_an_operator_need_not_wait_for_the_answer(
    world: World, shop: Shop, requests: UndoRequests, decision: Decision
) -> None:
    asked(shop, requests)

    decide(world, shop, decision)

    assert shop.find("1").summary.state is WorkflowState.COMPENSATED
    assert requests.sent("payments") == []
    (late,) = shop.told(shop.event("payments", "refunded", "1"))
    assert late in ("applied: The step was undone.", "applied: An operator has already decided: it is skipped.")


def test_a_service_refuses_by_an_event_that_names_the_request(shop: Shop, requests: UndoRequests) -> None:
    request = asked(shop, requests)
    late_news = shop.event("payments", "declined", "1", {"reason": "no cover"})
    (told,) = shop.told(late_news)
    assert told == ("applied: The step is being undone, and the event does not name that request as its causationid.")
    assert shop.states("1")["payments.capture"] == "succeeded"

    refusal = shop.event("payments", "declined", "1", {"reason": "older than 90 days"}, causationid=request["id"])
    assert shop.told(refusal) == ["applied"]

    assert hold_reason(shop) == "The compensation of step payments.capture failed: older than 90 days."
    assert shop.states("1")["payments.capture"] == "succeeded"


def test_a_service_that_undoes_its_step_unasked_is_not_asked(shop: Shop, requests: UndoRequests) -> None:
    shop.send(shop.placed("1"), shop.event("payments", "captured", "1"), shop.event("payments", "refunded", "1"))
    assert requests.undos("1") == {"payments.capture 1": "done"}
    assert shop.states("1")["payments.capture"] == "compensated"

    shop.send(shop.event("carrier", "refused", "1"))

    assert shop.find("1").summary.state is WorkflowState.COMPENSATED, "nothing is left to undo"
    assert requests.sent("payments") == []


def test_without_a_subscription_the_workflow_is_held_and_goes_on_when_there_is_one(world: World, shop: Shop) -> None:
    shop.send(shop.placed("1"), shop.event("payments", "captured", "1"), shop.event("carrier", "refused", "1"))
    name = shop.subscription("payments")
    assert hold_reason(shop) == (
        f"Step payments.capture cannot be undone: subscription {name}, which delivers requests to payments, does not "
        f"exist. Add it with: airflow wfstate subscriptions add {name} URL --requests-only, then continue the "
        "compensation with: airflow wfstate compensate WORKFLOW"
    )
    workflow_id = shop.find("1").summary.id
    (planned,) = world.backend.plan_compensate(workflow_id).undone
    assert planned.obstacle == hold_reason(shop)

    with undo_requests(world, shop, "payments") as requests:
        world.backend.compensate_workflow(CompensateWorkflow(workflow_id))
        assert [event["type"] for event in requests.sent("payments")] == ["refund_requested"]
        assert shop.find("1").summary.state is WorkflowState.COMPENSATING


def test_the_subscription_is_removed_after_the_request(world: World, shop: Shop) -> None:
    with undo_requests(world, shop, "payments") as requests:
        asked(shop, requests)
    requests.time_passes("1")
    assert "does not exist. Add it with" in hold_reason(shop)
    decide(world, shop, Decision.RETRY)
    assert "does not exist. Add it with" in hold_reason(shop)
