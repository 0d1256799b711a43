"""Receive events: parse them, find duplicates, apply them. An event that cannot be applied does not stop the others."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine

from airflow_wfstate import conf
from airflow_wfstate.domain.messages.event import EventResult, Sender, SentEvents, Verdict
from airflow_wfstate.domain.rules.services.cloud_event import MAX_EVENTS, CloudEvent, parse_event
from airflow_wfstate.exceptions import (
    IdempotencyConflict,
    InvalidRequest,
    PayloadTooLarge,
    WorkflowStateError,
)
from airflow_wfstate.store.events.delivery import Delivery, refused
from airflow_wfstate.store.events.gathering import Gathering
from airflow_wfstate.store.events.separation import apply_deliveries
from airflow_wfstate.store.events.waiting import look_again

log = logging.getLogger(__name__)

_MAX_LOGGED: Final = 20
"""How many refused events of one request are logged individually."""


@dataclass(frozen=True)
class _Told:
    """An event of a request, and its delivery.

    :param is_again: whether an event with the same source and id comes earlier in the request.
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
            f"Another event with source {first.source!r} and id {first.id!r} is in the same request.",
            "Give each event its own id.",
        )
        return refused(first.source, first.id, error)


def receive_events(
    engine: Engine, events: Sequence[Any], sender: Sender, gathering: Gathering | None = None
) -> SentEvents:
    """Receive events, each once, and apply them. Returns one result per event when everything is committed.

    :param events: in the JSON form of CloudEvents.
    :param gathering: where these few events meet those of other requests; None for a separate transaction.
    :raises InvalidRequest: there are more than 1000.
    """
    if len(events) > MAX_EVENTS:
        raise InvalidRequest(
            f"The request has {len(events)} events; at most {MAX_EVENTS} are accepted.",
            "Split it into several requests.",
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
            known[event.identity] = Delivery(event, sender.actor, sender)
        answers.append(_Told(event, known[event.identity], is_again=first is not None))
    deliveries = list(known.values())
    if gathering is not None:
        gathering.apply(deliveries)
    else:
        apply_deliveries(engine, deliveries)
        look_again(engine, deliveries)
    results = [answer.result() if isinstance(answer, _Told) else answer for answer in answers]
    _log_refusals(results, sender)
    return SentEvents(results)


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
