"""Apply events together while that works, and separately when one of them cannot be applied."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine

from airflow_wfstate.exceptions import Unavailable
from airflow_wfstate.store.database.transaction import run_transaction
from airflow_wfstate.store.events.batch import apply_batch
from airflow_wfstate.store.events.dead_letter import store_dead_letter
from airflow_wfstate.store.events.delivery import Delivery

log = logging.getLogger(__name__)


def apply_deliveries(engine: Engine, deliveries: Sequence[Delivery]) -> None:
    """Apply all in one transaction; if that fails, each workflow's in its own; finally each event in its own."""
    if not deliveries:
        return
    try:
        run_transaction(engine, partial(_apply, deliveries=deliveries))
        return
    except Unavailable:
        raise  # the events are not to blame
    except Exception as error:
        if len(deliveries) == 1:
            log.exception("The event %s of %s could not be applied.", *reversed(deliveries[0].event.identity))
            run_transaction(engine, partial(store_dead_letter, delivery=deliveries[0], error=error))
            return
        log.warning("%d events could not be applied together (%s); trying them separately.", len(deliveries), error)
    for part in _parts(deliveries):
        apply_deliveries(engine, part)


def _apply(connection: Connection, deliveries: Sequence[Delivery]) -> Any:
    return apply_batch(connection, deliveries)


def _parts(deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    """The deliveries by workflow, as far as known; those of a single workflow one by one."""
    by_workflow: dict[object, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        address = delivery.address
        about = delivery.event.identity if address is None else (address.correlation_id, address.keys)
        by_workflow[about].append(delivery)
    if len(by_workflow) == 1:
        return [[delivery] for delivery in deliveries]
    return list(by_workflow.values())
