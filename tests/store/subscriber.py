"""A subscriber to the workflows of one test, and passes that deliver to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from airflow_wfstate.domain.messages.outbox.change_subscription import (
    AddSubscription,
    ContinueSubscription,
    RemoveSubscription,
    ReplaySubscription,
)
from airflow_wfstate.domain.messages.outbox.delivery_report import DeliveryReport
from airflow_wfstate.domain.messages.outbox.subscription import (
    Subscription,
)
from airflow_wfstate.store.database import outbox_tables
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.delivery.deliver import deliver
from tests.support.webhook_receiver import Receiver
from tests.support.world import World


@dataclass(frozen=True)
class Subscriber:
    """A subscription, its receiver and its secret.

    :param workflow_name: of the workflows that it is told of, unless its filter says otherwise.
    """

    world: World
    receiver: Receiver
    id: str
    secret: str
    workflow_name: str

    def deliver(self) -> DeliveryReport:
        """Make a pass, over all subscriptions."""
        return deliver(self.world.rows.engine)

    def shown(self) -> Subscription:
        """The subscription as lists show it."""
        found = self.world.backend.list_subscriptions().subscriptions
        return next(subscription for subscription in found if subscription.id == self.id)

    def go_on(self) -> None:
        """Continue the subscription."""
        self.world.backend.continue_subscription(ContinueSubscription(self.id))

    def replay(self, start: str) -> None:
        """Move the subscription to another position."""
        self.world.backend.replay_subscription(ReplaySubscription(self.id, start))

    def let_retries_come_due(self) -> None:
        """Let the time pass that refused events and an unavailable receiver are given."""
        with self.world.rows.engine.connect() as connection:
            now = connection.execute(select(database_now())).scalar_one()
            for table in (outbox_tables.delivery, outbox_tables.outgoing_event):
                retried = (table.c.subscription_id == self.id, table.c.next_try_at.is_not(None))
                connection.execute(update(table).where(*retried).values(next_try_at=now))
            its_row = outbox_tables.subscription.c.id == self.id
            connection.execute(update(outbox_tables.subscription).where(its_row).values(next_try_at=None))
            connection.commit()

    def start(self, **more: Any) -> str:
        """Start a workflow that the subscriber hears of; return its id."""
        return self.world.start(name=self.workflow_name, **more).workflow.id


@contextmanager
def subscribed(world: World, receiver: Receiver, **wanted: Any) -> Iterator[Subscriber]:
    """A new subscriber, removed afterwards."""
    name = world.unique("orders")
    wanted.setdefault("names", [name])
    answer = world.backend.add_subscription(AddSubscription(world.unique("subscription"), receiver.url, **wanted))
    subscriber = Subscriber(world, receiver, answer.subscription.id, answer.secret, name)
    yield subscriber
    world.backend.remove_subscription(RemoveSubscription(subscriber.id))
