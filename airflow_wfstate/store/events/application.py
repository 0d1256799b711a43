"""Apply an event to its workflow, under the workflow's lock: a step moves, or the journal notes why none does."""

from __future__ import annotations

from typing import Final

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.payload import JsonValue, Payload
from airflow_wfstate.domain.rules.services.choreography import EventMeaning, Service, ServiceEvent
from airflow_wfstate.domain.rules.services.cloud_event import CloudEvent
from airflow_wfstate.domain.rules.services.event_path import parse_event_path
from airflow_wfstate.domain.rules.services.event_state import EventState
from airflow_wfstate.domain.rules.services.service_step import Move, Order, Unmoved, move
from airflow_wfstate.domain.rules.services.service_undo import armed_in
from airflow_wfstate.domain.rules.states import WorkflowState
from airflow_wfstate.domain.rules.step_name import StepName
from airflow_wfstate.store.events.answer import apply_answer
from airflow_wfstate.store.events.delivery import Delivery, Settled, journaled
from airflow_wfstate.store.events.event_error import error_of
from airflow_wfstate.store.events.open_workflow import OpenWorkflow
from airflow_wfstate.store.events.service_steps import ServiceSteps, StepChange
from airflow_wfstate.store.events.service_undos import ServiceUndos
from airflow_wfstate.store.payloads.checks import described
from airflow_wfstate.store.payloads.stored_payload import StoredPayload, keep_inline

_ENTRY_KINDS: Final = {
    EventMeaning.BEGAN: EntryKind.STEP_BEGAN,
    EventMeaning.SUCCEEDED: EntryKind.STEP_SUCCEEDED,
    EventMeaning.FAILED: EntryKind.STEP_FAILED,
    EventMeaning.COMPENSATED: EntryKind.STEP_COMPENSATED,
}


def apply_event(workflow: OpenWorkflow, steps: ServiceSteps, undos: ServiceUndos, delivery: Delivery) -> None:
    """Apply the event of a delivery, and record the result in it."""
    change, event = workflow.change, delivery.event
    change.actor = delivery.actor
    meant = workflow.choreography.meaning_of(event.source, event.type)
    if meant is None:
        workflow.note(delivery, None, None, f"its type {event.type} does not refer to any step")
        return
    service, said = meant
    label = StepName(service.name, said.step).label
    identity = (change.workflow_id, service.name, said.step)
    if apply_answer(workflow, steps, undos, delivery, service, said):
        return
    moved = _move(workflow, steps, event, service, said)
    if isinstance(moved, Unmoved):
        workflow.note(delivery, label, steps.id_of(identity), moved.reason)
        return
    output = _output(event, said) if said.meaning is EventMeaning.SUCCEEDED else None
    error = error_of(event, service, said) if said.meaning is EventMeaning.FAILED else None
    step_change = StepChange(moved, change.now, output, error, Order(event.sequence, event.time))
    step_id = steps.change(identity, step_change, workflow.definition.redact)
    data: dict[str, JsonValue] = {"event": journaled(event), "round": moved.round}
    if output is not None:
        data["output"] = described(output)
    if error is not None:
        data["error"] = error
        workflow.failure = workflow.failure or f"Step {label} failed: {error}"
    if said.meaning is not EventMeaning.BEGAN:
        workflow.has_ended_step = True
    entry = change.journal(_ENTRY_KINDS[said.meaning], step=label, step_id=step_id, data=data)
    if said.meaning is EventMeaning.SUCCEEDED and said.step in service.compensate:
        state = armed_in(change.state)
        undos.arm(change.workflow_id, step_id, moved.round, service.handler_of(said.step), entry, state)
        workflow.armed.append((step_id, moved.round))
    delivery.settled = Settled(EventState.APPLIED, None, change.workflow_id, step_id, label)


def _move(
    workflow: OpenWorkflow, steps: ServiceSteps, event: CloudEvent, service: Service, said: ServiceEvent
) -> Move | Unmoved:
    identity = (workflow.change.workflow_id, service.name, said.step)
    if steps.is_of_dag(identity):
        return Unmoved(f"a task of the DAG {service.name} does a step of that name")
    if said.meaning is EventMeaning.BEGAN and workflow.change.state is not WorkflowState.RUNNING:
        return Unmoved(f"the workflow is {workflow.change.state.value}, so no step can begin")
    return move(steps.find(identity), said.meaning, Order(event.sequence, event.time))


def _output(event: CloudEvent, said: ServiceEvent) -> StoredPayload | None:
    if said.output is None:
        return None
    found = parse_event_path(said.output).find(event.content)
    return keep_inline(Payload.of(None if found is None else found[0]))
