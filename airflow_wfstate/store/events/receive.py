"""Events as they come in: read, told apart, applied; an event that cannot be applied does not stop the others."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Engine

from airflow_wfstate import conf
from airflow_wfstate.domain.messages.event import EventResult, Sender, SentEvents, Verdict
from airflow_wfstate.domain.rules.cloud_event import MAX_EVENTS, CloudEvent, parse_event
from airflow_wfstate.exceptions import (
    IdempotencyConflict,
    InvalidRequest,
    PayloadTooLarge,
    Unavailable,
    WorkflowStateError,
)
from airflow_wfstate.store.database.transaction import run_transaction
from airflow_wfstate.store.events.batch import apply_batch
from airflow_wfstate.store.events.dead_letter import bury
from airflow_wfstate.store.events.delivery import Delivery, refused

log = logging.getLogger(__name__)

_MAX_LOGGED: Final = 20
"""Refused events of one request that are logged one by one."""


@dataclass(frozen=True)
class _Told:
    """An event of a request, and what is delivered of it.

    :param is_again: whether an event with its source and id stands before it in the request.
    """

    event: CloudEvent
    delivery: Delivery
    is_again: bool

    def result(self) -> EventResult:
        first = self.delivery.event
        if not self.is_again or (first.body.sha256 == self.event.body.sha256 and self.delivery.refusal is not None):
            return self.delivery.result()
        if first.body.sha256 == self.event.body.sha256:
            return EventResult(first.source, first.id, Verdict.DUPLICATE)
        error = IdempotencyConflict(
            f"Another event with the source {first.source!r} and the id {first.id!r} is in the same request.",
            "Give each event an id of its own.",
        )
        return refused(first.source, first.id, error)


def receive_events(engine: Engine, events: Sequence[Any], sender: Sender) -> SentEvents:
    """Receive events, each once, and apply them: one result for each, when everything is committed.

    :param events: in the JSON form of CloudEvents.
    :raises InvalidRequest: they are more than 1000.
    """
    if len(events) > MAX_EVENTS:
        raise InvalidRequest(
            f"{len(events)} events are sent at once; at most {MAX_EVENTS} are taken.", "Send them in several requests."
        )
    answers: list[EventResult | _Told] = []
    known: dict[tuple[str, str], Delivery] = {}
    for value in events:
        try:
            event = _checked(value)
        except WorkflowStateError as error:
            answers.append(_unreadable(value, error))
            continue
        first = known.get(event.identity)
        if first is None:
            known[event.identity] = Delivery(event, sender.actor)
        answers.append(_Told(event, known[event.identity], is_again=first is not None))
    apply_deliveries(engine, list(known.values()), sender)
    results = [answer.result() if isinstance(answer, _Told) else answer for answer in answers]
    _log_refusals(results, sender)
    return SentEvents(results)


def apply_deliveries(engine: Engine, deliveries: Sequence[Delivery], sender: Sender | None) -> None:
    """Apply them: all in one transaction, and where that fails each workflow's in one of its own, and at last each.

    :param sender: of all of them; None when they were accepted before.
    """
    if not deliveries:
        return
    try:
        run_transaction(engine, partial(_apply, deliveries=deliveries, sender=sender))
        return
    except Unavailable:
        raise  # it is not the events' fault
    except Exception as error:
        if len(deliveries) == 1:
            log.exception("The event %s of %s could not be applied.", *reversed(deliveries[0].event.identity))
            run_transaction(engine, partial(bury, delivery=deliveries[0], error=error))
            return
        log.warning("%d events could not be applied together (%s); they are tried apart.", len(deliveries), error)
    for part in _parts(deliveries):
        apply_deliveries(engine, part, sender)


def _apply(connection: Connection, deliveries: Sequence[Delivery], sender: Sender | None) -> Any:
    return apply_batch(connection, deliveries, sender)


def _parts(deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    """The deliveries by workflow, as far as that is known; those of one workflow alone one by one."""
    by_workflow: dict[object, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        address = delivery.address
        about = delivery.event.identity if address is None else (address.correlation_id, address.keys)
        by_workflow[about].append(delivery)
    if len(by_workflow) == 1:
        return [[delivery] for delivery in deliveries]
    return list(by_workflow.values())


def _checked(value: Any) -> CloudEvent:
    event = parse_event(value)
    limit = conf.max_payload_bytes()
    if event.body.size > limit:
        raise PayloadTooLarge(
            f"The event {event.id!r} has {event.body.size} bytes as JSON; at most {limit} are stored.",
            "Store its data elsewhere and send a reference, or raise [wfstate] max_payload_bytes.",
        )
    return event


def _unreadable(value: Any, error: WorkflowStateError) -> EventResult:
    texts: list[str | None] = []
    for name in ("source", "id"):
        text = value.get(name) if isinstance(value, dict) else None
        texts.append(text[:250] if isinstance(text, str) and text.isprintable() else None)
    return refused(texts[0], texts[1], error)


def _log_refusals(results: Sequence[EventResult], sender: Sender) -> None:
    not_accepted = [result for result in results if result.verdict is Verdict.REFUSED]
    for result in not_accepted[:_MAX_LOGGED]:
        text = "Refused the event %r of %r, sent by %s: %s"
        log.warning(text, result.id, result.source, sender.actor, result.reason)
    if len(not_accepted) > _MAX_LOGGED:
        log.warning("Refused %d further events, sent by %s.", len(not_accepted) - _MAX_LOGGED, sender.actor)
