"""A request to a service to undo its step: delivered, refused, shown; and what a sweep does meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from airflow_wfstate.domain.messages.outbox.change_subscription import AddSubscription, RemoveSubscription
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.store.database import schema
from tests.store.subscriber import Subscriber
from tests.support.services import Shop
from tests.support.webhook_receiver import Receiver, running_receiver
from tests.support.world import World


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("AIRFLOW__WFSTATE__WEBHOOK_HOSTS", "127.0.0.1")
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/")
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture
def shop(world: World) -> Shop:
    return Shop(world.backend, on_failure="compensate", within="PT1H").apply()


@pytest.fixture
def payments(world: World, shop: Shop, receiver: Receiver) -> Iterator[Subscriber]:
    name = shop.subscription("payments")
    answer = world.backend.add_subscription(AddSubscription(name, receiver.url, requests_only=True))
    yield Subscriber(world, receiver, answer.subscription.id, answer.secret, shop.name)
    world.backend.remove_subscription(RemoveSubscription(answer.subscription.id))


def asked(shop: Shop) -> None:
    shop.send(shop.placed("1"), shop.event("payments", "captured", "1", {"amount": 30}))
    shop.send(shop.event("carrier", "refused", "1"))


def test_a_service_gets_its_request_and_nothing_else(shop: Shop, payments: Subscriber) -> None:
    asked(shop)
    receiver = payments.receiver
    receiver.answer = lambda delivery: (503, "down")
    payments.deliver()

    shown = payments.shown()
    assert (shown.wanted.requests_only, shown.retried, shown.parked) == (True, 1, 0)
    (waiting,) = payments.world.backend.list_waiting_deliveries(payments.id).deliveries
    assert (waiting.key, waiting.attempts, waiting.last_refusal.status) == ("1", 1, 503)
    receiver.answer = lambda delivery: (204, "")
    payments.let_retries_come_due()
    payments.deliver()
    payments.deliver()

    assert receiver.effects() == {waiting.event_id: 2}
    first, second = receiver.received
    assert first.body == second.body
    second.verify(payments.secret)
    event = second.event
    assert (event["id"], event["source"]) == (second.headers["webhook-id"], "https://airflow.example")
    assert (event["type"], event["data"]["output"]) == ("refund_requested", 30)
    assert payments.world.backend.list_waiting_deliveries(payments.id).deliveries == []
    shop.send(shop.event("payments", "refunded", "1", causationid=event["id"]))
    assert shop.find("1").summary.state is WorkflowState.COMPENSATED


def test_sweeps_leave_a_workflow_alone_that_waits_for_a_service(shop: Shop, payments: Subscriber) -> None:
    asked(shop)
    version = select(schema.workflow.c.version, schema.workflow.c.updated_at).where(schema.workflow.c.key == "1")
    version = version.where(schema.workflow.c.name == shop.name)
    with payments.world.rows.engine.connect() as connection:
        before = connection.execute(version).one()

    assert payments.world.sweep().turns == 0

    with payments.world.rows.engine.connect() as connection:
        assert connection.execute(version).one() == before
