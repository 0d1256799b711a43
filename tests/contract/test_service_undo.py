"""Steps of services are undone in the workflow's common order: each service is asked, and answers by an event."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensation import (
    CompensationDeclaration,
    EndCompensation,
    TakeTurn,
    TurnAnswer,
    TurnDecision,
)
from airflow_wfstate.domain.rules.states import WorkflowState
from tests.support.services import Shop
from tests.support.undo_requests import UndoRequests, undo_requests
from tests.support.world import World


@pytest.fixture
def shop(world: World) -> Shop:
    return Shop(world.backend, on_failure="compensate", within="PT1H").apply()


@pytest.fixture
def requests(world: World, shop: Shop) -> Iterator[UndoRequests]:
    with undo_requests(world, shop, "payments", "carrier") as added:
        yield added


def turn(world: World, relay: str) -> TurnAnswer:
    return world.backend.take_turn(TakeTurn(relay, []))


def captured(shop: Shop, key: str) -> None:
    shop.send(shop.placed(key), shop.event("payments", "captured", key, {"amount": 30}))


def test_a_workflow_of_services_alone_is_undone_by_events(world: World, shop: Shop, requests: UndoRequests) -> None:
    captured(shop, "1")
    assert requests.undos("1") == {"payments.capture 1": "armed"}
    shop.send(shop.event("carrier", "refused", "1", {"reason": "no such street"}))

    (request,) = requests.sent("payments")
    detail = shop.find("1")
    assert detail.summary.state is WorkflowState.COMPENSATING
    assert request["type"] == "refund_requested"
    assert request["subject"] == f"{shop.name}/1"
    assert request["correlationid"] == detail.summary.correlation_id
    assert request["data"] == {
        "workflow": {"id": detail.summary.id, "name": shop.name, "key": "1", "generation": 1},
        "step": "capture",
        "round": 1,
        "output": 30,
        "reason": "Step carrier.deliver failed: no such street",
    }
    shop.send(shop.event("payments", "refunded", "1", causationid=request["id"]))

    assert shop.find("1").summary.state is WorkflowState.COMPENSATED
    assert shop.states("1") == {
        "shop.place": "succeeded",
        "payments.capture": "compensated",
        "carrier.deliver": "failed",
    }
    assert requests.undos("1") == {"payments.capture 1": "done"}
    assert requests.sent("payments") == []
    assert world.told(detail.summary.id)[-6:] == [
        "step.failed carrier.deliver",
        "workflow.failed",
        "workflow.compensating",
        "compensation.began payments.capture",
        "compensation.done payments.capture",
        "workflow.compensated",
    ]


def test_services_and_dags_are_undone_in_one_order(world: World) -> None:
    shop = Shop(world.backend, plan=["payments.capture", "intake.pack", "carrier.deliver"], within="PT1H")
    shop.on_failure = "compensate"
    shop.apply()
    with undo_requests(world, shop, "payments", "carrier") as requests:
        run_id, key = world.rows.add_run("intake"), world.unique("key")
        started = world.start(run_id, name=shop.name, key=key)
        shop.send(shop.event("payments", "captured", key, {"amount": 30}))
        _, begun = world.begin(run_id, "pack", compensation=CompensationDeclaration("task:pack"))
        world.succeed(begun)
        shop.send(shop.event("carrier", "delivered", key))
        relay = world.rows.add_task("intake", run_id, "compensate", state="running")
        world.backend.cancel_workflow(CancelWorkflow(started.workflow.id, compensate=True))

        answer = turn(world, relay)
        assert answer.decision is TurnDecision.HANDED_OVER
        assert "carrier.deliver" in answer.reason  # undone by its service, or already when the request came twice
        assert requests.sent("payments") == []
        assert turn(world, relay).decision is TurnDecision.HANDED_OVER
        assert len(requests.sent("carrier")) == 1

        shop.send(shop.event("carrier", "returned", key))
        work = turn(world, relay)
        assert work.work is not None
        assert work.work.step_name == "pack"
        assert requests.sent("payments") == []
        assert work.work is not None
        world.backend.end_compensation(EndCompensation(work.work.compensation_key, True))
        assert turn(world, relay).decision is TurnDecision.HANDED_OVER
        assert [event["data"]["output"] for event in requests.sent("payments")] == [30]
        shop.send(shop.event("payments", "refunded", key))

        assert shop.find(key).summary.state is WorkflowState.COMPENSATED
        assert set(requests.undos(key).values()) == {"done"}
