"""A wait is registered, in one transaction with a look at whether what it waits for has come already."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from airflow_wfstate.domain.messages.wait import MAX_TIMEOUT_SECONDS, RegisteredWait, RegisterWait, WaitTarget
from airflow_wfstate.domain.rules.payload import canonical_json
from airflow_wfstate.domain.rules.states import State, StepState, WorkflowState
from airflow_wfstate.domain.rules.text.names import check_name, check_step_name
from airflow_wfstate.domain.rules.waiting import GOING_ON, WaitKind, states_of, waking_states
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.waits.earlier_try import is_to_begin_anew
from airflow_wfstate.store.waits.row import Waiter, begin_anew, end_wait, go_on_waiting, lock_wait, registered
from airflow_wfstate.store.waits.verdict import judge
from airflow_wfstate.store.workflows.caller import Caller, check_task_instance_id, read_caller

_wait: Final = schema.wait
_workflow: Final = schema.workflow


def register_wait(connection: Connection, request: RegisterWait) -> RegisteredWait:
    """Register the wait, or say how it stands, as ``StateBackend.register_wait`` says."""
    columns = _target_columns(request.target)
    check_timeout(request.timeout_seconds)
    caller = read_caller(connection, check_task_instance_id(request.task_instance_id))
    wait = take_up(connection, _waiter(caller), columns, request.timeout_seconds)
    if wait.ended_at is None and wait.target_workflow_id is None:
        wait = _pin_newest(connection, wait)
    if wait.kind == WaitKind.WORKFLOW.value and wait.target_workflow_id == caller.workflow_id is not None:
        raise InvalidRequest(
            f"Task {caller.task_id} would wait for workflow {wait.target_name} / {wait.target_key}, to which its own "
            "run belongs: neither would end.",
            "Wait for a step of it (WaitForStepSensor), or for another workflow.",
        )
    return registered(connection, end_if_over(connection, wait))


def take_up(connection: Connection, waiter: Waiter, target: dict[str, object], timeout: float | None) -> Row[Any]:
    """Lock the wait of a waiter: a new one, the one that goes on, or the one that has ended."""
    wait = lock_wait(connection, waiter, target, timeout)
    now = connection.execute(select(database_now())).scalar_one()
    task_instance_id = str(waiter.task["task_instance_id"])
    if wait.target != target["target"] or is_to_begin_anew(connection, wait, task_instance_id, now):
        return begin_anew(connection, wait, waiter, target, timeout)
    return wait if wait.ended_at is not None else go_on_waiting(connection, wait, waiter, timeout)


def end_if_over(connection: Connection, wait: Row[Any]) -> Row[Any]:
    """A locked wait after a look at what it waits for: its end is kept when it has come."""
    if wait.ended_at is not None:
        return wait
    verdict = judge(connection, wait, connection.execute(select(database_now())).scalar_one())
    found = {} if verdict.workflow_id is None else {"target_workflow_id": verdict.workflow_id}
    if verdict.outcome is not None:
        return end_wait(connection, wait.id, verdict.outcome, reason=verdict.reason, state=verdict.state, **found)
    if found and wait.target_workflow_id is None:
        return connection.execute(update(_wait).where(_wait.c.id == wait.id).values(**found).returning(_wait)).one()
    return wait


def check_timeout(seconds: float | None) -> None:
    """Check how long a wait may take.

    :raises InvalidRequest: it is no number of seconds from zero to ten years.
    """
    if seconds is None:
        return
    if isinstance(seconds, bool) or not math.isfinite(seconds) or not 0 <= seconds <= MAX_TIMEOUT_SECONDS:
        raise InvalidRequest(
            f"A wait cannot take {seconds} seconds.", "Give a time from 0 seconds to ten years, or none for no limit."
        )


def _waiter(caller: Caller) -> Waiter:
    return Waiter(
        identity=("task", caller.dag_id, caller.run_id, caller.task_id, str(caller.map_index)),
        task={
            "task_instance_id": caller.task_instance_id,
            "dag_id": caller.dag_id,
            "run_id": caller.run_id,
            "task_id": caller.task_id,
            "map_index": caller.map_index,
        },
        step={},
    )


def _pin_newest(connection: Connection, wait: Row[Any]) -> Row[Any]:
    """Settle which workflow is meant, when it is registered: the newest generation of its key, if there is one.

    A wait that was registered before there was any is settled by its verdict: it waits for the first that starts.
    """
    newest = connection.execute(
        select(_workflow.c.id)
        .where(
            _workflow.c.name == wait.target_name,
            _workflow.c.key == wait.target_key,
            _workflow.c.started_at <= wait.registered_at,
        )
        .order_by(_workflow.c.generation.desc())
        .limit(1)
    ).scalar_one_or_none()
    if newest is None:
        return wait
    return connection.execute(
        update(_wait).where(_wait.c.id == wait.id).values(target_workflow_id=newest).returning(_wait)
    ).one()


def _target_columns(target: WaitTarget) -> dict[str, object]:
    """The columns of a target.

    :raises InvalidRequest: it is none that can be waited for.
    """
    check_name("workflow name", target.name)
    check_name("workflow key", target.key)
    if target.kind is WaitKind.WORKFLOW:
        if target.participant or target.step or target.item_key:
            raise InvalidRequest("A wait for a workflow names a step.", "Leave out participant, step and item_key.")
        workflow_wakes = waking_states(_states(WorkflowState, target.states))
        step_columns: dict[str, object] = {}
    elif target.kind is WaitKind.STEP:
        check_name("participant", target.participant)
        check_step_name(target.step)
        if target.item_key:
            check_name("item key", target.item_key)
        workflow_wakes = [state for state in WorkflowState if state not in GOING_ON]
        step_columns = {
            "target_participant": target.participant,
            "target_step": target.step,
            "target_item_key": target.item_key or None,
            "step_wakes": _between_commas(waking_states(_states(StepState, target.states))),
        }
    else:
        raise InvalidRequest(
            f"A task cannot wait for a {target.kind.value} by itself.", "Wait for a workflow or for a step."
        )
    return {
        "kind": target.kind.value,
        "target": canonical_json({**asdict(target), "kind": target.kind.value}, sort_keys=True),
        "target_name": target.name,
        "target_key": target.key,
        "target_workflow_id": None,
        "target_participant": None,
        "target_step": None,
        "target_item_key": None,
        "workflow_wakes": _between_commas(workflow_wakes),
        "step_wakes": None,
        **step_columns,
    }


def _states(kind: type[State], names: list[str]) -> list[State]:
    known = ", ".join(state.value for state in kind)
    try:
        found = states_of(kind, names)
    except ValueError as error:
        raise InvalidRequest(f"There is no state {str(error)[:80]!r} to wait for.", f"Name some of {known}.") from error
    if not found:
        raise InvalidRequest("A wait names no state to wait for.", f"Name some of {known}.")
    return found


def _between_commas(states: list[WorkflowState] | list[StepState]) -> str:
    """States as SQL finds one of them: each between commas."""
    return f",{','.join(state.value for state in states)},"
