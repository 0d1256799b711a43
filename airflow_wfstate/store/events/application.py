"""What an event makes of its workflow, under the workflow's lock: a step moves, or the journal notes why none does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.step import MAX_ERROR_LENGTH
from airflow_wfstate.domain.rules.definition import Definition
from airflow_wfstate.domain.rules.payload import JsonValue, Payload, canonical_json
from airflow_wfstate.domain.rules.services.choreography import Choreography, EventMeaning, Service, ServiceEvent
from airflow_wfstate.domain.rules.services.cloud_event import CloudEvent
from airflow_wfstate.domain.rules.services.event_path import parse_event_path
from airflow_wfstate.domain.rules.services.event_state import EventState
from airflow_wfstate.domain.rules.services.service_step import Move, Order, Unmoved, move
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.step_name import StepName
from airflow_wfstate.redaction import recorded_text
from airflow_wfstate.store.events.delivery import Delivery, Settled, told
from airflow_wfstate.store.events.service_steps import ServiceSteps, StepChange
from airflow_wfstate.store.payloads.checks import described
from airflow_wfstate.store.payloads.stored_payload import StoredPayload, keep_inline
from airflow_wfstate.store.workflows.gathered_change import GatheredChange

_ENTRY_KINDS: Final = {
    EventMeaning.BEGAN: EntryKind.STEP_BEGAN,
    EventMeaning.SUCCEEDED: EntryKind.STEP_SUCCEEDED,
    EventMeaning.FAILED: EntryKind.STEP_FAILED,
    EventMeaning.COMPENSATED: EntryKind.STEP_COMPENSATED,
}


@dataclass
class OpenWorkflow:
    """A locked workflow, and what its events have done to it.

    :param definition: that it started with.
    :param choreography: of that definition; of the one in force, where that has none.
    :param has_ended_step: an event has ended a step of it.
    :param failure: the first step that an event has failed, with its error, as a sentence; None when none has.
    """

    change: GatheredChange
    definition: Definition
    choreography: Choreography
    has_ended_step: bool = False
    failure: str | None = None


def apply_event(workflow: OpenWorkflow, steps: ServiceSteps, delivery: Delivery) -> None:
    """Apply the event of a delivery, and say what has become of it."""
    change, event = workflow.change, delivery.event
    change.actor = delivery.actor
    meant = workflow.choreography.meaning_of(event.source, event.type)
    if meant is None:
        _note(workflow, delivery, None, None, f"its type {event.type} says nothing of a step")
        return
    service, said = meant
    label = StepName(service.name, said.step).label
    identity = (change.workflow_id, service.name, said.step)
    moved = _move(workflow, steps, event, service, said)
    if isinstance(moved, Unmoved):
        _note(workflow, delivery, label, steps.id_of(identity), moved.reason)
        return
    output = _output(event, said) if said.meaning is EventMeaning.SUCCEEDED else None
    error = _error(event, service, said) if said.meaning is EventMeaning.FAILED else None
    step_change = StepChange(moved, change.now, output, error, Order(event.sequence, event.time))
    step_id = steps.change(identity, step_change, workflow.definition.redact)
    data: dict[str, JsonValue] = {"event": told(event), "round": moved.round}
    if output is not None:
        data["output"] = described(output)
    if error is not None:
        data["error"] = error
        workflow.failure = workflow.failure or f"Step {label} failed: {error}"
    if said.meaning is not EventMeaning.BEGAN:
        workflow.has_ended_step = True
    change.journal(_ENTRY_KINDS[said.meaning], step=label, step_id=step_id, data=data)
    delivery.settled = Settled(EventState.APPLIED, None, change.workflow_id, step_id, label)


def _move(
    workflow: OpenWorkflow, steps: ServiceSteps, event: CloudEvent, service: Service, said: ServiceEvent
) -> Move | Unmoved:
    identity = (workflow.change.workflow_id, service.name, said.step)
    if steps.is_of_dag(identity):
        return Unmoved(f"a task of the DAG {service.name} does a step of that name")
    if said.meaning is EventMeaning.BEGAN and workflow.change.state is not WorkflowState.RUNNING:
        return Unmoved(f"the workflow is {workflow.change.state.value}, and no step begins any more")
    return move(steps.find(identity), said.meaning, Order(event.sequence, event.time))


def _note(workflow: OpenWorkflow, delivery: Delivery, step: str | None, step_id: str | None, reason: str) -> None:
    change = workflow.change
    data: Mapping[str, Any] = {"event": told(delivery.event), "reason": reason}
    change.journal(EntryKind.EVENT_NOTED, step=step, step_id=step_id, data=data)
    text = f"{reason[:1].upper()}{reason[1:]}."
    delivery.settled = Settled(EventState.APPLIED, text, change.workflow_id, step_id, step)


def _output(event: CloudEvent, said: ServiceEvent) -> StoredPayload | None:
    if said.output is None:
        return None
    found = parse_event_path(said.output).find(event.content)
    return keep_inline(Payload.of(None if found is None else found[0]))


def _error(event: CloudEvent, service: Service, said: ServiceEvent) -> str:
    found = None if said.error is None else parse_event_path(said.error).find(event.content)
    if found is None or found[0] in (None, ""):
        return f"{service.name} sent {event.type}."
    text = found[0] if isinstance(found[0], str) else canonical_json(found[0])
    return recorded_text(text, MAX_ERROR_LENGTH)
