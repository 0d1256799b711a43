"""A pass that delivers webhooks: each subscriber gets what it has not received yet.

Any number of processes may make passes at once; a lease per subscription ensures that only one serves it at a time. No
transaction is open and no row is locked while a letter is being sent, however slow its receiver is. Sent letters are
marked afterwards. If a process dies in between, they are sent again, with the same id.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Final

from sqlalchemy import Engine

from airflow_wfstate import conf
from airflow_wfstate.domain.messages.outbox.delivery_report import DeliveryReport
from airflow_wfstate.store.database.lease import Lease, LeaseLost, held
from airflow_wfstate.store.database.transaction import run_read, run_transaction
from airflow_wfstate.store.delivery.batch import Batch, read_batch, subscriptions_to_serve
from airflow_wfstate.store.delivery.mark import mark, mark_lost
from airflow_wfstate.store.delivery.sending import Sent, Streak, send_all
from airflow_wfstate.webhooks.allowed_hosts import AllowedHosts
from airflow_wfstate.webhooks.sender import Sender

log = logging.getLogger(__name__)

_AT_ONCE: Final = 8
"""Subscribers that one process serves at once."""

_LEASE_ID_LENGTH: Final = 16
"""Characters of the subscription id's last, random part: a lease's name has at most 20 characters."""


def deliver(engine: Engine, at_most: timedelta | None = None) -> DeliveryReport:
    """Deliver everything that is due.

    :param at_most: no letter is sent later than this after the start; None means no limit.
    :raises InvalidOption: ``[wfstate] webhook_hosts`` contains something that is not a host.
    """
    until = None if at_most is None else time.monotonic() + at_most.total_seconds()
    subscription_ids = run_read(engine, subscriptions_to_serve)
    if not subscription_ids:
        return DeliveryReport()
    allowed = AllowedHosts.parse(conf.webhook_hosts())

    def serve(subscription_id: str) -> DeliveryReport:
        try:
            return _serve(engine, subscription_id, allowed, lambda: until is None or time.monotonic() < until)
        except LeaseLost as error:
            log.warning("%s What was sent last may be sent again.", error)
        except Exception:  # the others are still served, and this one by the next pass
            log.exception("Subscription %s could not be served; the next pass retries.", subscription_id)
        return DeliveryReport()

    if len(subscription_ids) == 1:
        return serve(subscription_ids[0])
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="wfstate-deliver") as threads:
        return sum(threads.map(serve, subscription_ids), DeliveryReport())


def lease_name(subscription_id: str) -> str:
    """The name of the lease that whoever serves a subscription holds."""
    return f"out:{subscription_id.replace('-', '')[-_LEASE_ID_LENGTH:]}"


def _serve(engine: Engine, subscription_id: str, allowed: AllowedHosts, has_time: Callable[[], bool]) -> DeliveryReport:
    read = partial(read_batch, subscription_id=subscription_id, source=conf.event_source())
    if not has_time() or run_read(engine, read) is None:  # a read costs less than a lease
        return DeliveryReport()
    with held(engine, lease_name(subscription_id)) as lease:
        if lease is None:
            return DeliveryReport()
        report = DeliveryReport(subscriptions=1)
        sender: Sender | None = None
        try:
            while has_time() and (batch := run_read(engine, read)) is not None:
                if sender is None:
                    sender = Sender(batch.subscription.url, allowed, conf.webhook_timeout())
                done = _deliver_batch(engine, batch, sender, lease, has_time)
                report += done
                if batch.letters and not done.delivered and not done.refused:
                    break  # the time is over, or someone has changed the subscription in the meantime
            return report
        finally:
            if sender is not None:
                sender.close()


def _deliver_batch(
    engine: Engine, batch: Batch, sender: Sender, lease: Lease, has_time: Callable[[], bool]
) -> DeliveryReport:
    """Send a batch, and record the results."""

    def may_go_on() -> bool:
        lease.check()
        return has_time()

    if batch.is_lost:
        run_transaction(engine, partial(mark_lost, batch=batch))
        log.error("The database was restored on another server: subscription %s is paused.", batch.subscription.name)
        return DeliveryReport()
    streak = Streak(batch.subscription.failures)
    sent = send_all(sender, batch.letters, batch.secrets, streak, may_go_on)
    lease.check()
    if not run_transaction(engine, partial(mark, batch=batch, sent=sent, streak=streak)):
        return DeliveryReport()
    return _report(sent)


def _report(sent: list[Sent]) -> DeliveryReport:
    return DeliveryReport(
        delivered=sum(of_workflow.accepted for of_workflow in sent),
        refused=sum(of_workflow.refused is not None for of_workflow in sent),
    )
