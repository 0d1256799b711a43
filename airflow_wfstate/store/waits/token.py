"""Tokens: created by an attempt of a step, and used once by someone outside to end the step's wait."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Any, Final, NoReturn

from sqlalchemy import Connection, Row, Select, select

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.messages.token import CreatedToken, CreateToken, TokenAccepted
from airflow_wfstate.domain.rules.payload import Payload, canonical_json
from airflow_wfstate.domain.rules.states import OPEN_STEP_STATES, StepState, WorkflowState
from airflow_wfstate.domain.rules.text.names import check_name
from airflow_wfstate.domain.rules.waiting import GOING_ON, WaitKind, WaitOutcome
from airflow_wfstate.exceptions import InvalidRequest, NotFound, StaleAttempt, WorkflowClosed
from airflow_wfstate.store.database import schema, wait_tables
from airflow_wfstate.store.database.conflict_insert import conflict_insert
from airflow_wfstate.store.database.transaction import Unchanged
from airflow_wfstate.store.payloads.checks import check_payload, described
from airflow_wfstate.store.payloads.stored_payload import keep_inline
from airflow_wfstate.store.steps.attempt_key import AttemptKey, parse
from airflow_wfstate.store.steps.end_attempt import check_newest, check_write_number, is_applied, lock_attempt
from airflow_wfstate.store.steps.row import StepRow, read_step
from airflow_wfstate.store.steps.write_content import content_sha256
from airflow_wfstate.store.waits.register import check_timeout, end_if_over, take_up
from airflow_wfstate.store.waits.row import Waiter, end_wait, lock_by_ids, registered
from airflow_wfstate.store.workflows.change import Change, lock_by_id

_wait: Final = wait_tables.wait
_token: Final = wait_tables.token

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""256 bits as base64url, the format of ``secrets.token_urlsafe(32)``."""

_TAKES_ANSWERS: Final = (*OPEN_STEP_STATES, StepState.FAILED, StepState.LOST)
"""States of a step that is not done: an answer that arrives between two attempts is kept for the next."""


def create_token(connection: Connection, request: CreateToken) -> CreatedToken | Unchanged[CreatedToken]:
    """Create the token, as described at ``StateBackend.create_token``."""
    _check(request)
    key = parse(request.attempt_key)
    change, step = lock_attempt(connection, key)
    if is_applied(step, key, request):
        wait = take_up(
            connection, _waiter(change, step, key, request.name), _target(request.name), request.expires_seconds
        )
        return Unchanged(CreatedToken(step.id, key.attempt, request.write, registered(connection, wait)))
    check_newest(change, step, key)
    if step.attempt_state is not StepState.RUNNING:
        raise StaleAttempt(
            f"Attempt {key.attempt} of step {step.label} is {step.attempt_state.value}.",
            "Only a running attempt creates tokens.",
        )
    if change.state is not WorkflowState.RUNNING:
        raise WorkflowClosed(
            f"Step {step.label} cannot wait: workflow {change.name} / {change.key} is {change.state.value}.",
            "Stop: nothing further is done for this workflow.",
        )
    waiter = _waiter(change, step, key, request.name)
    wait = take_up(connection, waiter, _target(request.name), request.expires_seconds)
    wait = end_if_over(connection, wait)
    if wait.ended_at is None:
        connection.execute(
            conflict_insert(connection.dialect.name, _token)
            .values(sha256=request.sha256, wait_id=wait.id, created_at=change.now)
            .on_conflict_do_nothing()
        )
    change.update(
        schema.attempt,
        where={"step_id": step.id, "number": step.attempt},
        values={"last_write": request.write, "last_write_sha256": content_sha256(request)},
    )
    change.write()
    return CreatedToken(step.id, key.attempt, request.write, registered(connection, wait))


def use_token(connection: Connection, text: str, body: Payload) -> TokenAccepted | Unchanged[TokenAccepted]:
    """End the wait of a token with the body that was sent.

    A repetition with the same body before the token expires changes nothing and is accepted like the first time.
    Everything else that cannot be accepted gets one and the same answer: a token that was never created, that was used
    with another body, whose wait ended otherwise, or that has expired.

    :raises NotFound: the token cannot be accepted.
    :raises InvalidRequest: the body cannot be stored.
    """
    check_payload("body", body)
    sha256 = hashlib.sha256(text.encode()).hexdigest() if _TEXT.fullmatch(text) else ""
    workflow_id = None if not sha256 else _workflow_of(connection, sha256)
    if workflow_id is None:
        _refuse()
    change = lock_by_id(connection, workflow_id, actor="token")
    found = connection.execute(_READ.where(_token.c.sha256 == sha256)).one_or_none()
    if change is None or found is None:
        _refuse()
    if found.deadline_at is not None and found.deadline_at <= change.now:
        _refuse()
    if found.used_at is not None:
        if found.body_sha256 != body.sha256:
            _refuse()
        return Unchanged(TokenAccepted())
    step = read_step(connection, found.step_id)
    if step is None or not _takes_answers(change, step, found.round) or not lock_by_ids(connection, [found.id]):
        _refuse()
    _end(change, step, found, sha256, body)
    return TokenAccepted()


_READ: Final[Select[Any]] = select(
    _token.c.used_at,
    _token.c.body_sha256,
    _wait.c.id,
    _wait.c.target_step.label("name"),
    _wait.c.deadline_at,
    _wait.c.workflow_id,
    _wait.c.step_id,
    _wait.c.round,
).join(_wait, _wait.c.id == _token.c.wait_id)


def _workflow_of(connection: Connection, sha256: str) -> str | None:
    found = connection.execute(_READ.where(_token.c.sha256 == sha256)).one_or_none()
    return None if found is None else str(found.workflow_id)


def _takes_answers(change: Change, step: StepRow, round_number: int) -> bool:
    return change.state in GOING_ON and step.round == round_number and step.state in _TAKES_ANSWERS


def _end(change: Change, step: StepRow, wait: Row[Any], sha256: str, body: Payload) -> None:
    now: datetime = change.now
    change.update(_token, where={"sha256": sha256}, values={"used_at": now, "body_sha256": body.sha256})
    end_wait(change.connection, wait.id, WaitOutcome.ARRIVED, **keep_inline(body).columns("output"))
    change.journal(
        EntryKind.STEP_ANSWERED,
        step=step.label,
        step_id=step.id,
        attempt=step.attempt,
        data={"wait": wait.name, "answer": described(body)},
    )
    change.write()


def _refuse() -> NoReturn:
    raise NotFound("There is no such token, or it was already used or has expired.", "Ask its issuer for another one.")


def _check(request: CreateToken) -> None:
    """Check everything that does not depend on the stored state.

    :raises InvalidRequest: name, hash or time cannot be stored.
    """
    check_name("token name", request.name)
    check_write_number(request.write)
    check_timeout(request.expires_seconds)
    if not _SHA256.fullmatch(request.sha256):
        raise InvalidRequest("The token's hash is not a hexadecimal SHA-256.", "Send 64 lower-case digits.")


def _waiter(change: Change, step: StepRow, key: AttemptKey, name: str) -> Waiter:
    return Waiter(
        identity=("token", step.id, str(key.round), name),
        task={
            "task_instance_id": key.task_instance_id,
            "dag_id": step.dag_id,
            "run_id": step.run_id,
            "task_id": step.task_id,
            "map_index": step.map_index,
        },
        step={"workflow_id": change.workflow_id, "step_id": step.id, "round": key.round},
    )


def _target(name: str) -> dict[str, object]:
    return {
        "kind": WaitKind.TOKEN.value,
        "target": canonical_json({"kind": WaitKind.TOKEN.value, "name": name}, sort_keys=True),
        "target_step": name,
    }
