"""Undo a service's step: the outbox sends the service a request event, and the service answers with an event.

The request is enqueued in the transaction that marks the compensation as running. Its id stays the same however often
it is sent or requested again. ``store/events`` handles the answer.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, or_, select

from airflow_wfstate import conf
from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.step import MAX_ERROR_LENGTH
from airflow_wfstate.domain.rules.policies import CompensationErrorPolicy
from airflow_wfstate.domain.rules.services.choreography import Choreography, Service
from airflow_wfstate.domain.rules.states import CompensationState, predecessors
from airflow_wfstate.domain.rules.text.time_span import time_span
from airflow_wfstate.redaction import recorded_text
from airflow_wfstate.store.compensation.failed import fail_compensation
from airflow_wfstate.store.compensation.hold import compensation_error_policy, failed_for_good
from airflow_wfstate.store.compensation.pending import PendingCompensation, read_compensation
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.identity import compensation_idempotency_key
from airflow_wfstate.store.definitions.applied import read_applied
from airflow_wfstate.store.definitions.content import read_definition
from airflow_wfstate.store.outbox.enqueue import (
    OutgoingEvent,
    Recipient,
    enqueue,
    find_recipient,
    find_waiting_event,
    withdraw,
)
from airflow_wfstate.store.runs.verdict import is_finished
from airflow_wfstate.store.workflows.change import Change

_compensation, _turn = schema.compensation, schema.turn


@dataclass(frozen=True)
class Awaited:
    """The compensation continues once someone outside has answered.

    :param why: what is awaited, as a sentence.
    """

    why: str


def undo_by_service(connection: Connection, change: Change, pending: PendingCompensation) -> Awaited | str:
    """Ask the service to run the next compensation, which is for one of its steps, or wait for its answer.

    If its answer is overdue, the compensation has failed.

    :return: why an operator must decide, as a sentence.
    """
    is_asked = pending.state is CompensationState.RUNNING and not pending.attempt_ended
    if is_asked and not is_overdue(change, pending):
        return Awaited(f"The service is undoing step {pending.label}; its answer is awaited.")
    if is_asked:
        return failed_for_good(pending.label, fail_overdue(connection, change, pending))
    for other in _others_at_work(connection, change, pending):
        if other.answer_due_at is None or not is_overdue(change, other):
            return Awaited(f"Step {pending.label} is undone once the running compensation has ended.")
        reason = failed_for_good(other.label, fail_overdue(connection, change, other))
        if compensation_error_policy(connection, change) is CompensationErrorPolicy.STOP:
            return reason
    return ask_service(connection, change, pending)


def ask_service(connection: Connection, change: Change, pending: PendingCompensation) -> Awaited | str:
    """Enqueue the request and mark the compensation as running; no relay has the turn in the meantime.

    :return: why the service cannot be asked, as a sentence.
    """
    found = find_service(connection, change.name, change.definition_sha256, pending)
    if isinstance(found, str):
        return found
    if (unreadable := pending.why_no_output()) is not None:
        return unreadable
    service, recipient = found
    undo = service.compensate[pending.called.name]
    handler, number = service.handler_of(pending.called.name), pending.attempts + 1
    due_at = change.now + timedelta(seconds=undo.within_seconds)
    event_id = compensation_idempotency_key(pending.step_id, pending.round)
    body = json.dumps(_request(change, pending, undo.event_type, event_id), ensure_ascii=True, separators=(",", ":"))
    connection.execute(delete(_turn).where(_turn.c.workflow_id == change.workflow_id))
    enqueue(connection, recipient.id, OutgoingEvent(event_id, change.workflow_id, body))
    change.update(
        _compensation,
        where={"step_id": pending.step_id, "round": pending.round, "attempts": pending.attempts},
        values={
            "state": CompensationState.RUNNING.value,
            "handler": handler,
            "attempts": number,
            "started_at": change.now,
            "ended_at": None,
            "answer_due_at": due_at,
        },
        from_states=predecessors(CompensationState.RUNNING),
    )
    change.journal(
        EntryKind.COMPENSATION_BEGAN,
        step=pending.label,
        step_id=pending.step_id,
        attempt=number,
        data={
            "round": pending.round,
            "handler": handler,
            "subscription": recipient.name,
            "event_id": event_id,
            "answer_due_at": due_at.isoformat(),
        },
    )
    return Awaited(f"The service is asked to undo step {pending.label} with an event {undo.event_type}.")


def find_service(
    connection: Connection, name: str, definition_sha256: str, pending: PendingCompensation
) -> tuple[Service, Recipient] | str:
    """Find who is asked to undo a service's step, and through which subscription.

    :param name: the workflow's name.
    :return: why nobody can be asked, as a sentence.
    """
    choreography = _choreography(connection, name, definition_sha256)
    service = None if choreography is None else choreography.service(pending.called.participant)
    if service is None or pending.called.name not in service.compensate:
        return (
            f"The workflow's definition no longer says how step {pending.label} is undone: undo it manually, then "
            "mark its compensation as done."
        )
    recipient = find_recipient(connection, service.subscription_name)
    if recipient is None:
        return (
            f"Step {pending.label} cannot be undone: subscription {service.subscription_name}, which delivers "
            f"requests to {service.name}, does not exist. {_add(service)}"
        )
    return service, recipient


def may_be_undone_by_services(connection: Connection, workflow_id: str) -> bool:
    """Whether a service of the workflow declares a compensation, so that late successes may be undone by it."""
    workflow = schema.workflow
    found = select(workflow.c.name, workflow.c.definition_sha256).where(workflow.c.id == workflow_id)
    row = connection.execute(found).one()
    choreography = _choreography(connection, row.name, row.definition_sha256)
    return choreography is not None and any(service.compensate for service in choreography.services)


def _choreography(connection: Connection, name: str, definition_sha256: str) -> Choreography | None:
    """The choreography that says how services undo: from the workflow's own version of the definition. If the workflow
    started before services took part, from the version in force.
    """
    own = read_definition(connection, name, definition_sha256).choreography
    if own is not None:
        return own
    applied = read_applied(connection, name)
    return None if applied is None else applied.definition.choreography


def is_overdue(change: Change, pending: PendingCompensation) -> bool:
    """Whether the service's time to answer is over."""
    return pending.answer_due_at is None or pending.answer_due_at <= change.now


def fail_overdue(connection: Connection, change: Change, pending: PendingCompensation) -> str:
    """Record that no answer came in time, and return why, as far as the outbox shows it."""
    error = _why_no_answer(connection, change, pending)
    fail_compensation(change, pending.label, pending.step_id, pending.round, pending.attempts, error)
    return error


def withdraw_requests_of(connection: Connection, rounds: Collection[tuple[str, int]]) -> None:
    """Stop sending the requests of these compensations, which are settled.

    :param rounds: pairs of step id and round.
    """
    if rounds:
        withdraw(connection, [compensation_idempotency_key(step_id, number) for step_id, number in rounds])


def withdraw_requests(connection: Connection, workflow_id: str) -> None:
    """Stop sending the requests of all compensations of a workflow that have failed and are given up."""
    asked = select(_compensation.c.step_id, _compensation.c.round).where(
        _compensation.c.workflow_id == workflow_id,
        _compensation.c.run_id == schema.NO_RUN,
        _compensation.c.state == CompensationState.FAILED.value,
    )
    withdraw_requests_of(connection, [(row.step_id, row.round) for row in connection.execute(asked)])


def _request(change: Change, pending: PendingCompensation, event_type: str, event_id: str) -> dict[str, Any]:
    output = None if pending.output is None else pending.output.open().value()
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": conf.event_source(),
        "type": event_type,
        "subject": f"{change.name}/{change.key}",
        "time": change.now.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "correlationid": change.correlation_id,
        "data": {
            "workflow": {
                "id": change.workflow_id,
                "name": change.name,
                "key": change.key,
                "generation": change.generation,
            },
            "step": pending.called.name,
            "round": pending.round,
            "output": output,
            "reason": change.error,
        },
    }


def _why_no_answer(connection: Connection, change: Change, pending: PendingCompensation) -> str:
    found = find_service(connection, change.name, change.definition_sha256, pending)
    participant = pending.called.participant
    if isinstance(found, str):
        return recorded_text(f"{participant} has not answered in time. {found}", MAX_ERROR_LENGTH)
    service, recipient = found
    within = time_span(service.compensate[pending.called.name].within_seconds)
    status = _why_not_received(connection, pending, recipient)
    return recorded_text(f"{participant} has not answered within {within}; {status}", MAX_ERROR_LENGTH)


def _why_not_received(connection: Connection, pending: PendingCompensation, recipient: Recipient) -> str:
    event_id = compensation_idempotency_key(pending.step_id, pending.round)
    waiting = find_waiting_event(connection, recipient.id, event_id)
    if waiting is None:
        return "it has accepted the request"
    answered = "no answer" if waiting.last_status is None else str(waiting.last_status)
    text = " ".join((waiting.last_answer or "").split())[:200]
    last = f"its last answer to the delivery was: {answered}{f' {text}' if text else ''}" if waiting.attempts else ""
    command = f"airflow wfstate subscriptions continue {recipient.name}"
    if recipient.paused_because is not None:
        status = f"the request is not sent while subscription {recipient.name} is paused ({command})"
    elif waiting.is_parked:
        status = f"the request was parked after {waiting.attempts} attempts ({command})"
    elif waiting.attempts:
        status = "the request is sent again until the service accepts it"
    else:
        status = "the request has not been sent yet (airflow wfstate deliver --every 1 sends it)"
    return f"{last}; {status}" if last else status


def _add(service: Service) -> str:
    return (
        f"Add it with: airflow wfstate subscriptions add {service.subscription_name} URL --requests-only, then "
        f"continue the compensation with: airflow wfstate compensate WORKFLOW"
    )


def _others_at_work(connection: Connection, change: Change, pending: PendingCompensation) -> list[PendingCompensation]:
    """The workflow's other compensations that have begun: a step that succeeded late comes before them in the order."""
    others = select(_compensation.c.step_id, _compensation.c.round).where(
        _compensation.c.workflow_id == change.workflow_id,
        _compensation.c.position.is_not(None),
        _compensation.c.state == CompensationState.RUNNING.value,
        _compensation.c.ended_at.is_(None),
        or_(_compensation.c.step_id != pending.step_id, _compensation.c.round != pending.round),
    )
    begun = [read_compensation(connection, row.step_id, row.round) for row in connection.execute(others).all()]
    return [
        other
        for other in begun
        if other.answer_due_at is not None
        or (other.task_instance_id and not is_finished(connection, other.task_instance_id))
    ]
