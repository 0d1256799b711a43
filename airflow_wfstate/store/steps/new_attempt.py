"""The rows of a new attempt: the step or its next attempt, its round, and the compensation it records."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.step import BeginStep, BegunStep
from airflow_wfstate.domain.rules.payload import JsonValue
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, CompensationState, StepState
from airflow_wfstate.domain.rules.step_name import StepName
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.identity import new_id
from airflow_wfstate.store.payloads.redact_column import redact_column
from airflow_wfstate.store.steps.begun import begun_step, checkpoints_of
from airflow_wfstate.store.steps.lost_attempt import mark_lost
from airflow_wfstate.store.steps.row import StepRow
from airflow_wfstate.store.workflows.caller import Caller
from airflow_wfstate.store.workflows.change import Change
from airflow_wfstate.store.workflows.places import read_place


def insert_step(connection: Connection, change: Change, caller: Caller, request: BeginStep) -> BegunStep:
    """Insert the step with its first attempt, and return the answer to the begin."""
    step_id = new_id()
    place = read_place(connection, caller.dag_id, caller.place)
    label = StepName(caller.dag_id, request.name, request.item_key, place).label
    data = _begin_data(caller, 1)
    entry = change.journal(EntryKind.STEP_BEGAN, step=label, step_id=step_id, attempt=1, data=data)
    change.insert(
        schema.step,
        {
            "id": step_id,
            "workflow_id": change.workflow_id,
            "participant": caller.dag_id,
            "place": caller.place,
            "name": request.name,
            "item_key": request.item_key,
            "state": StepState.RUNNING.value,
            "round": 1,
            "attempt": 1,
            "pivot": request.pivot,
            "irreversible": request.irreversible,
            "redact": redact_column(request.redact),
            "started_at": change.now,
            "updated_at": change.now,
        },
    )
    _insert_round(change, request, step_id, 1)
    _insert_attempt(change, caller, step_id, 1, 1)
    _record_compensation(change, caller, request, step_id, 1, entry, recorded=False)
    return begun_step(change, caller, step_id, 1, 1)


def insert_next_attempt(
    connection: Connection, change: Change, caller: Caller, request: BeginStep, step: StepRow
) -> BegunStep:
    """Insert the next attempt of a step, in a new round if it had succeeded, and return the answer to the begin."""
    number = step.attempt + 1
    is_new_round = step.state is StepState.SUCCEEDED
    round_number = step.round + 1 if is_new_round else step.round
    before = step.state
    if before in OPEN_STEP_STATES:
        mark_lost(change, [step])
        before = StepState.LOST
    data = _begin_data(caller, round_number)
    entry = change.journal(EntryKind.STEP_BEGAN, step=step.label, step_id=step.id, attempt=number, data=data)
    change.update(
        schema.step,
        where={"id": step.id, "attempt": step.attempt},
        values={
            "state": StepState.RUNNING.value,
            "round": round_number,
            "attempt": number,
            "error": None,
            "pivot": request.pivot,
            "irreversible": request.irreversible,
            "redact": redact_column(request.redact),
            "updated_at": change.now,
        },
        from_states=[before],
    )
    if is_new_round:
        _insert_round(change, request, step.id, round_number)
    else:
        change.update(
            schema.round_,
            where={"step_id": step.id, "number": round_number},
            values={"state": StepState.RUNNING.value},
        )
        change.update(
            schema.compensation, where={"step_id": step.id, "round": round_number}, values={"last_entry": entry}
        )
    _insert_attempt(change, caller, step.id, round_number, number)
    recorded = step.compensation_state is not None and not is_new_round
    _record_compensation(change, caller, request, step.id, round_number, entry, recorded=recorded)
    begun = begun_step(change, caller, step.id, round_number, number)
    return replace(begun, checkpoints=checkpoints_of(connection, step.id, round_number))


def _insert_round(change: Change, request: BeginStep, step_id: str, number: int) -> None:
    change.insert(
        schema.round_,
        {
            "step_id": step_id,
            "number": number,
            "state": StepState.RUNNING.value,
            "arguments_sha256": request.arguments_sha256,
        },
    )


def _begin_data(caller: Caller, round_number: int) -> dict[str, JsonValue]:
    return {"round": round_number, "task_instance_id": caller.task_instance_id, "try_number": caller.try_number}


def _insert_attempt(change: Change, caller: Caller, step_id: str, round_number: int, number: int) -> None:
    change.insert(
        schema.attempt,
        {
            "step_id": step_id,
            "number": number,
            "round": round_number,
            "state": StepState.RUNNING.value,
            "last_write": 0,
            "task_instance_id": caller.task_instance_id,
            "dag_id": caller.dag_id,
            "run_id": caller.run_id,
            "task_id": caller.task_id,
            "map_index": caller.map_index,
            "try_number": caller.try_number,
            "dag_version_id": caller.dag_version_id,
            "bundle_version": caller.bundle_version,
            "started_at": change.now,
        },
    )


def _record_compensation(
    change: Change, caller: Caller, request: BeginStep, step_id: str, round_number: int, entry: int, *, recorded: bool
) -> None:
    """Record the compensation before the step acts. Later attempts update it to match the DAG's newest code."""
    declared = request.compensation
    if declared is None:
        return
    values: dict[str, object] = {
        "handler": declared.handler,
        "compensate_when": declared.when.value,
        "max_attempts": declared.max_attempts,
        "dag_id": caller.dag_id,
        "run_id": caller.run_id,
    }
    key = {"step_id": step_id, "round": round_number}
    if recorded:
        change.update(schema.compensation, where=key, values=values, from_states=[CompensationState.ARMED])
        return
    change.insert(
        schema.compensation,
        {
            **key,
            **values,
            "workflow_id": change.workflow_id,
            "state": CompensationState.ARMED.value,
            "attempts": 0,
            "last_entry": entry,
        },
    )
