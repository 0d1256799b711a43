"""What follows from an event of a service is delivered with that event's trace."""

from __future__ import annotations

import pytest

from tests.store.subscriber import subscribed
from tests.support.services import Shop
from tests.support.webhook_receiver import running_receiver
from tests.support.world import World


def test_a_subscriber_is_told_which_event_was_the_cause(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__WFSTATE__WEBHOOK_HOSTS", "127.0.0.1")
    shop = Shop(world.backend).apply()
    trace = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "tracestate": "vendor=1"}
    placed = shop.placed("1", **trace, causationid="the customer's click")
    with running_receiver() as receiver, subscribed(world, receiver, names=[shop.name]) as of_shop:
        (result,) = shop.send(placed)
        of_shop.deliver()

    passed_on = [
        {name: delivery.event.get(name) for name in ("causationid", *trace)}
        for delivery in receiver.received
        if delivery.workflow_id == result.workflow_id
    ]
    assert passed_on == [{"causationid": placed["id"], **trace}] * 2
