"""Requests to services to undo their steps, as found in the outbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, update

from airflow_wfstate.domain.messages.outbox.change_subscription import AddSubscription, RemoveSubscription
from airflow_wfstate.encryption import unsealed
from airflow_wfstate.store.database import outbox_tables, schema
from airflow_wfstate.store.database.lease import held
from airflow_wfstate.store.delivery.deliver import lease_name
from tests.support.services import Event, Shop
from tests.support.world import World

_outgoing, _compensation = outbox_tables.outgoing_event, schema.compensation


@dataclass(frozen=True)
class UndoRequests:
    """The requests that wait to be sent to the services of a shop.

    :param subscriptions: ids of the subscriptions, by the service's name.
    """

    world: World
    shop: Shop
    subscriptions: dict[str, str]

    def waiting(self, service: str) -> list[Row[Any]]:
        """The rows of a service, in the order of their ids."""
        found = select(_outgoing).where(_outgoing.c.subscription_id == self.subscriptions[service])
        with self.world.rows.engine.connect() as connection:
            return list(connection.execute(found.order_by(_outgoing.c.event_id)))

    def sent(self, service: str) -> list[Event]:
        """The waiting events for a service, as the service will receive them."""
        return [json.loads(unsealed(row.body)) for row in self.waiting(service)]

    def delivered(self, service: str) -> Event:
        """The only event that waits for a service, after the service has accepted it."""
        (request,) = self.sent(service)
        with self.world.rows.engine.begin() as connection:
            connection.execute(_outgoing.delete().where(_outgoing.c.event_id == request["id"]))
        return request

    def refused(self, service: str, *, is_parked: bool) -> None:
        """Set the deliveries to a service as refused: ten times if parked, otherwise once."""
        values = {"attempts": 10 if is_parked else 1, "last_status": 503, "last_answer": "down for\nrepairs"}
        if is_parked:
            values["next_try_at"] = None
        its_rows = _outgoing.c.subscription_id == self.subscriptions[service]
        with self.world.rows.engine.begin() as connection:
            connection.execute(update(_outgoing).where(its_rows).values(**values))

    def time_passes(self, key: str) -> None:
        """Let the time for services to answer about an order run out, and have the sweep find it."""
        self.become_overdue(key)
        self.world.sweep()

    def become_overdue(self, key: str) -> None:
        """Let that time run out, without a sweep."""
        awaited = (
            _compensation.c.workflow_id == self.shop.find(key).summary.id,
            _compensation.c.answer_due_at.is_not(None),
        )
        with self.world.rows.engine.begin() as connection:
            for row in connection.execute(select(_compensation).where(*awaited)).all():
                its_row = (_compensation.c.step_id == row.step_id, _compensation.c.round == row.round)
                values = {"answer_due_at": row.started_at - timedelta(seconds=1)}
                connection.execute(update(_compensation).where(*its_row).values(**values))

    def undos(self, key: str) -> dict[str, str]:
        """The state of each undo of an order, by step and round."""
        page = self.world.backend.list_compensations(self.shop.find(key).summary.id)
        return {f"{item.step} {item.compensation.round}": item.compensation.state.value for item in page.compensations}


@contextmanager
def undo_requests(world: World, shop: Shop, *services: str) -> Iterator[UndoRequests]:
    """Add subscriptions for these services of a shop, and remove them afterwards.

    Their leases are held meanwhile: an api-server on the same database would try to deliver to them.
    """
    added = {
        service: world.backend.add_subscription(
            AddSubscription(shop.subscription(service), "https://hooks.example.com/", requests_only=True)
        ).subscription.id
        for service in services
    }
    try:
        with ExitStack() as leases:
            for subscription_id in added.values():
                leases.enter_context(held(world.rows.engine, lease_name(subscription_id)))
            yield UndoRequests(world, shop, added)
    finally:
        for subscription_id in added.values():
            world.backend.remove_subscription(RemoveSubscription(subscription_id))
