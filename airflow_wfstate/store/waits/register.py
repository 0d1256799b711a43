"""Register a wait, in one transaction with a check whether it is already over."""

from __future__ import annotations

import math
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, select, update

from airflow_wfstate.domain.messages.wait import MAX_TIMEOUT_SECONDS, RegisteredWait, RegisterWait
from airflow_wfstate.domain.rules.waiting import WaitKind
from airflow_wfstate.exceptions import InvalidAttemptKey, InvalidRequest
from airflow_wfstate.store.database import schema, wait_tables
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.payloads.stored_payload import keep_inline
from airflow_wfstate.store.steps.attempt_key import parse
from airflow_wfstate.store.steps.running_attempt import verify_attempt
from airflow_wfstate.store.waits.earlier_try import begins_again
from airflow_wfstate.store.waits.row import Waiter, begin_again, continue_wait, end_wait, lock_wait, registered
from airflow_wfstate.store.waits.target import target_columns
from airflow_wfstate.store.waits.verdict import judge
from airflow_wfstate.store.workflows.caller import Caller, check_task_instance_id, read_caller

_wait: Final = wait_tables.wait
_workflow: Final = schema.workflow


def register_wait(connection: Connection, request: RegisterWait) -> RegisteredWait:
    """Register the wait, or return its state, as described at ``StateBackend.register_wait``."""
    check_timeout(request.timeout_seconds)
    caller = read_caller(connection, check_task_instance_id(request.task_instance_id))
    columns = target_columns(connection, request.target, caller)
    if request.attempt_key is not None:
        waiter = _waiting_step(connection, caller, request.attempt_key)
    elif request.target.kind is WaitKind.EVENT:
        raise InvalidRequest("A wait for an event cannot have an attempt of a step.", "Use WaitForEventOperator.")
    else:
        waiter = _waiting_task(caller)
    wait = take_up(connection, waiter, columns, request.timeout_seconds)
    if wait.ended_at is None and wait.target_workflow_id is None:
        wait = _pin_newest(connection, wait)
    if wait.kind == WaitKind.WORKFLOW.value and wait.target_workflow_id == caller.workflow_id is not None:
        raise InvalidRequest(
            f"Task {caller.task_id} would wait for workflow {wait.target_name} / {wait.target_key}, to which its own "
            "run belongs, so that neither could end.",
            "Wait for one of its steps (WaitForStepSensor), or for another workflow.",
        )
    return registered(connection, end_if_over(connection, wait))


def take_up(connection: Connection, waiter: Waiter, target: dict[str, object], timeout: float | None) -> Row[Any]:
    """Lock the wait of a waiter: a new one, the current one, or the one that has ended."""
    wait = lock_wait(connection, waiter, target, timeout)
    now = connection.execute(select(database_now())).scalar_one()
    task_instance_id = str(waiter.task["task_instance_id"])
    if wait.target != target["target"] or begins_again(connection, wait, task_instance_id, now):
        return begin_again(connection, wait, waiter, target, timeout)
    return wait if wait.ended_at is not None else continue_wait(connection, wait, waiter, timeout)


def end_if_over(connection: Connection, wait: Row[Any]) -> Row[Any]:
    """Check what a locked wait waits for, and record its end if that has come. Return its row."""
    if wait.ended_at is not None:
        return wait
    verdict = judge(connection, wait, connection.execute(select(database_now())).scalar_one())
    found: dict[str, object] = {} if verdict.workflow_id is None else {"target_workflow_id": verdict.workflow_id}
    if verdict.output is not None:
        found |= keep_inline(verdict.output).columns("output")
    if verdict.outcome is not None:
        return end_wait(connection, wait.id, verdict.outcome, reason=verdict.reason, state=verdict.state, **found)
    if found and wait.target_workflow_id is None:
        return connection.execute(update(_wait).where(_wait.c.id == wait.id).values(**found).returning(_wait)).one()
    return wait


def check_timeout(seconds: float | None) -> None:
    """Check the timeout of a wait.

    :raises InvalidRequest: it is not a number of seconds from zero to ten years.
    """
    if seconds is None:
        return
    if isinstance(seconds, bool) or not math.isfinite(seconds) or not 0 <= seconds <= MAX_TIMEOUT_SECONDS:
        raise InvalidRequest(
            f"A wait cannot take {seconds} seconds.", "Give 0 seconds to ten years, or leave it out for no limit."
        )


def _waiting_task(caller: Caller) -> Waiter:
    identity = ("task", caller.dag_id, caller.run_id, caller.task_id, str(caller.map_index))
    return Waiter(identity, _task(caller), {})


def _waiting_step(connection: Connection, caller: Caller, attempt_key: str) -> Waiter:
    """The step's round, whichever task does it.

    :raises InvalidAttemptKey: this store did not issue the key, or issued it to another task.
    """
    key = parse(attempt_key)
    verify_attempt(connection, key)
    if key.task_instance_id != caller.task_instance_id:
        raise InvalidAttemptKey("The attempt key belongs to another task.", "Send the key returned by the begin.")
    step = {"workflow_id": key.workflow_id, "step_id": key.step_id, "round": key.round}
    return Waiter(("step", key.step_id, str(key.round)), _task(caller), step)


def _task(caller: Caller) -> dict[str, object]:
    return {
        "task_instance_id": caller.task_instance_id,
        "dag_id": caller.dag_id,
        "run_id": caller.run_id,
        "task_id": caller.task_id,
        "map_index": caller.map_index,
    }


def _pin_newest(connection: Connection, wait: Row[Any]) -> Row[Any]:
    """Decide at registration which workflow is meant: the newest with its key or correlation id, if there is one.

    If there was none yet, the verdict decides: the wait is for the first workflow that starts.
    """
    meant: list[ColumnElement[bool]]
    if wait.target_correlation_id is not None:
        meant = [_workflow.c.correlation_id == wait.target_correlation_id]
    else:
        meant = [_workflow.c.name == wait.target_name, _workflow.c.key == wait.target_key]
    newest = connection.execute(
        select(_workflow.c.id)
        .where(*meant, _workflow.c.started_at <= wait.registered_at)
        .order_by(_workflow.c.generation.desc(), _workflow.c.started_at.desc())
        .limit(1)
    ).scalar_one_or_none()
    if newest is None:
        return wait
    return connection.execute(
        update(_wait).where(_wait.c.id == wait.id).values(target_workflow_id=newest).returning(_wait)
    ).one()
