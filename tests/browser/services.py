"""Test data for services: a workflow that waits for one, waiting events, and a webhook that refuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sqlalchemy import insert, update

from airflow_wfstate.domain.messages.outbox.change_subscription import AddSubscription
from airflow_wfstate.store.database import event_tables, outbox_tables, schema
from tests.support.services import Event, Shop
from tests.support.world import World

HOSTILE = '<img src=x onerror="document.title=1">\u202etxt'
NAME = '<img src=x onerror="document.title=1"> \u05e9\u05dc\u05d5\u05dd'
"""A valid name with right-to-left letters, which contains no characters that change the text direction around it."""

LONG = "com.example.a_very_long_type_of_an_event_that_nobody_would_choose." * 3


@dataclass(frozen=True)
class Services:
    """Ids, and what was sent.

    :param waiting: a workflow of services alone, whose payment service is at work.
    :param placed: the event that started it.
    :param hostile: a workflow with a service and a step of hostile names.
    :param parked: an event whose workflow is not there.
    :param dead: an event that could not be applied.
    :param webhook: the name of a subscription whose receiver refuses.
    """

    shop: Shop
    waiting: str
    placed: Event
    hostile: str
    parked: Event
    dead: Event
    webhook: str


def tell_of_services(world: World) -> Services:
    """Create everything."""
    plan = ["shop.place", "payments.capture", "warehouse.pack", "carrier.deliver"]
    shop = Shop(world.backend, plan=plan, tag="services").apply()
    placed = shop.placed("1001")
    shop.send(placed, shop.event("payments", "authorised", "1001"))
    parked = shop.event("carrier", "delivered", "1007")
    dead = shop.event("payments", "captured", "1008", {"amount": 12, "note": HOSTILE})
    shop.send(parked, dead)
    _let_die(world, dead)
    webhook = _refused_webhook(world, shop.find("1001").summary.id)
    return Services(shop, shop.find("1001").summary.id, placed, _hostile(world), parked, dead, webhook)


def _let_die(world: World, event: Event) -> None:
    table = event_tables.event
    with world.rows.engine.begin() as connection:
        connection.execute(
            update(table)
            .where(table.c.source == event["source"], table.c.id == event["id"])
            .values(state="dead", reason="It waited for 7 days, and no workflow with its key has started.")
        )


def _hostile(world: World) -> str:
    """Events with names that contain markup and direction changes, and with a type of the maximum length."""
    shop = Shop(world.backend, plan=["shop.place", f"{NAME}.{NAME}"], tag="hostile")
    shop.more = {
        "participants": {
            **shop.definition()["participants"],
            NAME: {
                "sources": [shop.source("hostile")],
                "users": shop.users,
                "events": {LONG: {"step": NAME, "is": "began"}},
            },
        }
    }
    shop.apply()
    shop.send(shop.placed("2001"), shop.event("hostile", LONG, "2001", {"note": HOSTILE}))
    return shop.find("2001").summary.id


def _refused_webhook(world: World, workflow_id: str) -> str:
    """A subscription with a parked workflow."""
    added = world.backend.add_subscription(
        AddSubscription("the ledger", "https://ledger.example/hooks/workflows", names=["order-services"])
    ).subscription
    now = datetime.now(timezone.utc)
    refusal = {"last_status": 503, "last_answer": "the ledger is closed for the night"}
    with world.rows.engine.begin() as connection:
        connection.execute(
            insert(outbox_tables.delivery).values(
                subscription_id=added.id, workflow_id=workflow_id, number=2, attempts=10,
                since=now - timedelta(hours=3), next_try_at=None, **refusal,
            )
        )  # fmt: skip
        connection.execute(
            update(outbox_tables.subscription)
            .where(outbox_tables.subscription.c.id == added.id)
            .values(failures=10, last_refused_at=now, **refusal)
        )
    return added.name


def hours_of_services(world: World) -> str:
    """The id of an order that a shop placed, whose payment took an hour, and which a carrier collected since."""
    shop = Shop(world.backend, tag="by-services").apply()
    shop.send(shop.placed("7001"))
    shop.send(shop.event("payments", "authorised", "7001"), shop.event("payments", "captured", "7001", {"amount": 30}))
    shop.send(shop.event("carrier", "collected", "7001"))
    detail, now = shop.find("7001"), datetime.now(timezone.utc)
    times = {"place": (5.0, 4.9), "capture": (4.7, 3.6), "deliver": (2.5, 2.5)}
    with world.rows.engine.begin() as connection:
        connection.execute(
            update(schema.workflow)
            .where(schema.workflow.c.id == detail.summary.id)
            .values(started_at=now - timedelta(hours=5))
        )
        for step in detail.steps:
            began, ended = (now - timedelta(hours=hours) for hours in times[step.name])
            where = schema.step.c.id == step.id
            connection.execute(update(schema.step).where(where).values(started_at=began, updated_at=ended))
    return detail.summary.id
