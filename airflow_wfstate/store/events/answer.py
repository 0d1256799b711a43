"""A service's answer about the compensation of its step: it is done, or the service refuses it."""

from __future__ import annotations

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.services.choreography import EventMeaning, Service, ServiceEvent
from airflow_wfstate.domain.rules.services.event_state import EventState
from airflow_wfstate.domain.rules.services.service_step import Move, Order, Unmoved
from airflow_wfstate.domain.rules.services.service_undo import Answer, answer_of, state_after
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, CompensationState, StepState
from airflow_wfstate.domain.rules.step_name import StepName
from airflow_wfstate.store.events.delivery import Delivery, Settled, journaled
from airflow_wfstate.store.events.event_error import error_of
from airflow_wfstate.store.events.open_workflow import OpenWorkflow
from airflow_wfstate.store.events.service_steps import ServiceSteps, StepChange
from airflow_wfstate.store.events.service_undos import ServiceUndos

MAY_ANSWER = (EventMeaning.COMPENSATED, EventMeaning.FAILED)
"""What an event about a compensation may mean."""


def apply_answer(
    workflow: OpenWorkflow,
    steps: ServiceSteps,
    undos: ServiceUndos,
    delivery: Delivery,
    service: Service,
    said: ServiceEvent,
) -> bool:
    """Apply the event of a delivery if it is about a compensation; return whether it is."""
    change, event = workflow.change, delivery.event
    identity = (change.workflow_id, service.name, said.step)
    step, step_id = steps.find(identity), steps.id_of(identity)
    if said.meaning not in MAY_ANSWER or step is None or step_id is None or steps.is_of_dag(identity):
        return False
    answer = answer_of(undos.of(step_id), said.meaning, event.causation_id)
    if answer is None:
        return False
    label, order = StepName(service.name, said.step).label, Order(event.sequence, event.time)
    if isinstance(answer, Answer) and not answer.names_request and step.last_end and order.is_before(step.last_end):
        answer = Unmoved("it is older than the last end of the step")
    if isinstance(answer, Unmoved):
        workflow.note(delivery, label, step_id, answer.reason)
        return True
    error = error_of(event, service, said) if answer.state is CompensationState.FAILED else None
    undos.end(step_id, answer.round, answer.state, error, change.now)
    if answer.state is CompensationState.DONE:
        state = state_after(step.state, undos.of(step_id))
        if state is not step.state:
            ended = StepState.LOST if step.state in OPEN_STEP_STATES else step.state
            steps.change(identity, StepChange(Move(state, step.round, ended), change.now, None, None, order), ())
        workflow.has_ended_step = True
    data: dict[str, JsonValue] = {"event": journaled(event), "round": answer.round}
    if error is not None:
        data["error"] = error
    kind = EntryKind.COMPENSATION_DONE if error is None else EntryKind.COMPENSATION_FAILED
    if not answer.was_asked:
        kind = EntryKind.STEP_COMPENSATED
    attempt = undos.attempts(step_id, answer.round) or None
    change.journal(kind, step=label, step_id=step_id, attempt=attempt, data=data)
    workflow.has_answer = True
    delivery.settled = Settled(EventState.APPLIED, None, change.workflow_id, step_id, label)
    return True
