"""The target of a wait, as columns, including which states of a workflow or step may end the wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from sqlalchemy import Connection

from airflow_wfstate.domain.messages.wait import WaitTarget
from airflow_wfstate.domain.rules.payload import canonical_json
from airflow_wfstate.domain.rules.services.choreography import EventMeaning
from airflow_wfstate.domain.rules.states import State, StepState, WorkflowState
from airflow_wfstate.domain.rules.text.names import check_name, check_step_name
from airflow_wfstate.domain.rules.waiting import GOING_ON, WaitKind, states_of, waking_states
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.store.definitions.applied import read_applied
from airflow_wfstate.store.workflows.caller import Caller
from airflow_wfstate.store.workflows.reference import read_reference

_NO_TARGET = {
    "target_workflow_id": None,
    "target_participant": None,
    "target_step": None,
    "target_item_key": None,
    "target_event": None,
    "target_correlation_id": None,
    "workflow_wakes": None,
    "step_wakes": None,
}

_CONTRADICTING = (StepState.FAILED, StepState.SKIPPED, StepState.COMPENSATED)
"""States of a service's step set by a different event, so that the awaited one will not come."""


def target_columns(connection: Connection, target: WaitTarget, caller: Caller) -> dict[str, object]:
    """The columns of a target.

    :param caller: the task that waits.
    :raises InvalidRequest: the target is not valid.
    """
    if target.kind is WaitKind.EVENT:
        return _of_event(connection, target, caller)
    check_name("workflow name", target.name)
    check_name("workflow key", target.key)
    if target.event or target.correlation_id:
        raise InvalidRequest(
            f"A wait for a {target.kind.value} cannot have an event or a correlation id.", "Leave out both."
        )
    if target.kind is WaitKind.WORKFLOW:
        return _of_workflow(target)
    if target.kind is WaitKind.STEP:
        return _of_step(target)
    raise InvalidRequest(
        f"A task cannot wait for a {target.kind.value} by itself.", "Wait for a workflow, a step or an event."
    )


def _of_workflow(target: WaitTarget) -> dict[str, object]:
    if target.participant or target.step or target.item_key:
        raise InvalidRequest("A wait for a workflow cannot have a step.", "Leave out participant, step and item_key.")
    wakes = waking_states(_states(WorkflowState, target.states))
    return _columns(target) | {"workflow_wakes": _between_commas(wakes)}


def _of_step(target: WaitTarget) -> dict[str, object]:
    check_name("participant", target.participant)
    check_step_name(target.step)
    if target.item_key:
        check_name("item key", target.item_key)
    return _columns(target) | {
        "target_participant": target.participant,
        "target_step": target.step,
        "target_item_key": target.item_key or None,
        "step_wakes": _between_commas(waking_states(_states(StepState, target.states))),
        "workflow_wakes": _between_commas(_WORKFLOW_IS_OVER),
    }


def _of_event(connection: Connection, target: WaitTarget, caller: Caller) -> dict[str, object]:
    check_name("type of the event", target.event)
    if target.states or target.participant or target.step or target.item_key:
        raise InvalidRequest("A wait for an event cannot have states or a step.", "Give only the event's workflow.")
    if target.key and target.correlation_id:
        raise InvalidRequest("A wait for an event has both a key and a correlation id.", "Give only one of them.")
    own = None if caller.workflow_id is None else read_reference(connection, caller.workflow_id)
    found: dict[str, object] = {}
    if target.correlation_id:
        check_name("correlation id", target.correlation_id)
    elif target.key:
        check_name("workflow key", target.key)
        target = replace(target, name=check_name("workflow name", target.name or ("" if own is None else own.name)))
    elif own is not None:
        target = replace(target, name=own.name, key=own.key)
        found = {"target_workflow_id": own.id}
    name = own.name if own is not None and not target.name else target.name
    return (
        _columns(target)
        | {
            "target_event": target.event,
            "target_correlation_id": target.correlation_id or None,
            "workflow_wakes": _between_commas(_WORKFLOW_IS_OVER),
        }
        | _step_of_event(connection, name, target.event)
        | found
    )


def _step_of_event(connection: Connection, name: str, event_type: str) -> dict[str, object]:
    """The step that an event of this type is about, according to the name's definition; empty if there is none."""
    applied = read_applied(connection, name) if name else None
    choreography = None if applied is None else applied.definition.choreography
    for service in () if choreography is None else choreography.services:
        declared = service.events.get(event_type)
        if declared is not None:
            contradicting = [state for state in _CONTRADICTING if state.value != declared.meaning.value]
            undone = declared.meaning is EventMeaning.COMPENSATED
            return {
                "target_participant": service.name,
                "target_step": declared.step,
                "step_wakes": _between_commas(contradicting),
                "workflow_wakes": _between_commas(_UNDO_IS_OVER if undone else _WORKFLOW_IS_OVER),
            }
    return {}


_WORKFLOW_IS_OVER = [state for state in WorkflowState if state not in GOING_ON]
"""States in which only events about a compensation still count."""

_UNDO_IS_OVER = [WorkflowState.SUCCEEDED, WorkflowState.CANCELLED, WorkflowState.COMPENSATED]
"""States in which no service is asked for a compensation any more, unless someone requests it."""


def _columns(target: WaitTarget) -> dict[str, object]:
    return {
        **_NO_TARGET,
        "kind": target.kind.value,
        "target": canonical_json({**asdict(target), "kind": target.kind.value}, sort_keys=True),
        "target_name": target.name or None,
        "target_key": target.key or None,
    }


def _states(kind: type[State], names: list[str]) -> list[State]:
    known = ", ".join(state.value for state in kind)
    try:
        found = states_of(kind, names)
    except ValueError as error:
        raise InvalidRequest(f"There is no state {str(error)[:80]!r} to wait for.", f"Give some of {known}.") from error
    if not found:
        raise InvalidRequest("The wait has no states to wait for.", f"Give some of {known}.")
    return found


def _between_commas(states: Sequence[WorkflowState] | Sequence[StepState]) -> str:
    """States in the form in which SQL can find one of them: each between commas."""
    return f",{','.join(state.value for state in states)},"
