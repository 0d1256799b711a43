"""Idempotency keys: a repeated write gets the stored answer of the first one.

This follows the IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header): the key
is stored with the hash of the request and the answer, in the transaction of the write itself. The hash covers the kind
of request and its sender, so that a key is valid for one caller and one route only.

An answer may hold payloads, so it is encrypted if they are. An answer with a secret is encrypted whenever Airflow has a
key, as the secret itself is.

Rows are only added, never changed, so a worker's database role needs no right to change an answer.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, select

from airflow_wfstate.domain.messages.outbox.change_subscription import SubscriptionSecret
from airflow_wfstate.domain.messages.step import BeginDecision, BegunStep
from airflow_wfstate.domain.messages.sweep_report import SweepReport
from airflow_wfstate.domain.messages.wait import RegisteredWait
from airflow_wfstate.domain.messages.workflow import CompletedWorkflow, StartedWorkflow
from airflow_wfstate.encryption import has_key, seal, sealed
from airflow_wfstate.exceptions import IdempotencyConflict, InvalidName, Unavailable, WorkflowStateError
from airflow_wfstate.store.database import schema
from airflow_wfstate.store.database.clock import database_now
from airflow_wfstate.store.database.conflict_insert import conflict_insert
from airflow_wfstate.store.database.transaction import Contention, Refused, Unchanged, run_read, run_transaction
from airflow_wfstate.store.payloads.stored_payload import opened

MAX_KEY_LENGTH: Final = 500

_ADAPTERS: Final[dict[type[object], TypeAdapter[Any]]] = {}


class KeyedRequest(Protocol):
    """A domain dataclass that requests a write."""

    @property
    def idempotency_key(self) -> str | None:
        """The idempotency key; None for no protection by a key."""
        ...


Request = TypeVar("Request", bound=KeyedRequest)
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class _Outcome(Generic[Answer]):
    """The answer of a transaction, and whether it is already stored."""

    answer: Answer
    is_stored: bool


def answer_once(
    engine: Engine,
    transaction: Callable[[Connection, Request], Answer | Unchanged[Answer] | Refused],
    request: Request,
    answer_type: type[Answer],
) -> Answer:
    """Run the transaction of a request that has a key, or return the stored answer.

    The answer is stored together with the change. If nothing changes, it is stored afterwards, so that the same request
    cannot change something later. Two answers are not stored: that somebody else is busy with it, and that a wait
    continues, because the caller asks again with the same key. Nor is a refusal, which can be requested again.

    :raises InvalidName: the key is empty, too long or not printable.
    :raises IdempotencyConflict: the key was used with another request, by this caller or another.
    """
    _check_key(request)

    def work(connection: Connection) -> _Outcome[Answer] | Unchanged[_Outcome[Answer]] | Refused:
        stored = _find(connection, request, answer_type)
        if stored is not None:
            return Unchanged(_Outcome(stored, is_stored=True))
        answer = transaction(connection, request)
        if isinstance(answer, Refused):
            return answer
        if isinstance(answer, Unchanged):
            return Unchanged(_Outcome(answer.answer, is_stored=False))
        if not _is_provisional(answer) and not _store(connection, request, answer):
            raise Contention(f"the idempotency key {request.idempotency_key!r} was used at the same moment")
        return _Outcome(answer, is_stored=True)

    try:
        outcome = run_transaction(engine, work)
    except Unavailable:
        raise
    except WorkflowStateError:
        # The same request may have been applied concurrently, and its change may be the reason for the refusal.
        stored = run_read(engine, lambda connection: _find(connection, request, answer_type))
        if stored is None:
            raise
        return stored
    return outcome.answer if outcome.is_stored else keep_answer(engine, request, outcome.answer)


def find_answer(engine: Engine, request: KeyedRequest, answer_type: type[Answer]) -> Answer | None:
    """The stored answer to the request; None when there is none. Raises the errors of :func:`answer_once`."""
    _check_key(request)
    return run_read(engine, lambda connection: _find(connection, request, answer_type))


def keep_answer(engine: Engine, request: KeyedRequest, answer: Answer) -> Answer:
    """Store an answer that comes without a change; return the one stored concurrently, if there is one."""

    def work(connection: Connection) -> Answer | Unchanged[Answer]:
        if _is_provisional(answer):
            return Unchanged(answer)
        if _store(connection, request, answer):
            return answer
        stored = _find(connection, request, type(answer))
        return Unchanged(answer if stored is None else stored)

    return run_transaction(engine, work)


def _check_key(request: KeyedRequest) -> None:
    key = request.idempotency_key
    if not key or len(key) > MAX_KEY_LENGTH or not key.isprintable():
        raise InvalidName(
            f"The idempotency key {str(key)[:40]!r} is not valid.",
            f"Give 1 to {MAX_KEY_LENGTH} printable characters.",
        )


def _find(connection: Connection, request: KeyedRequest, answer_type: type[Answer]) -> Answer | None:
    row = connection.execute(
        select(schema.request.c.body_sha256, schema.request.c.answer).where(
            schema.request.c.idempotency_key == request.idempotency_key
        )
    ).one_or_none()
    if row is None:
        return None
    if row.body_sha256 != _hash(request):
        raise IdempotencyConflict(
            f"The idempotency key {request.idempotency_key!r} was already used with another request.",
            "Use a new key for a new request.",
        )
    return _adapter(answer_type).validate_json(opened(row.answer))


def _store(connection: Connection, request: KeyedRequest, answer: object) -> bool:
    """Store the answer; return False when the key already has one. Waits for a transaction that is storing one."""
    inserted = connection.execute(
        conflict_insert(connection.dialect.name, schema.request)
        .values(
            idempotency_key=request.idempotency_key,
            body_sha256=_hash(request),
            answer=_kept(answer),
            created_at=database_now(),
        )
        .on_conflict_do_nothing()
    )
    return inserted.rowcount == 1


def _kept(answer: object) -> str:
    """The answer as its column stores it; one with a secret is encrypted whenever Airflow has a key."""
    text = _adapter(type(answer)).dump_json(answer).decode()
    return seal(text) if isinstance(answer, SubscriptionSecret) and has_key() else sealed(text)


def _is_provisional(answer: object) -> bool:
    """Whether the answer is that somebody else is busy with it, or that a wait continues."""
    if isinstance(answer, StartedWorkflow):
        return answer.busy
    if isinstance(answer, CompletedWorkflow):
        return answer.waits_for is not None
    if isinstance(answer, BegunStep):
        return answer.decision is BeginDecision.BUSY
    if isinstance(answer, RegisteredWait):
        return answer.outcome is None
    return isinstance(answer, SweepReport) and not answer.swept


def _hash(request: KeyedRequest) -> str:
    """Hash of the request's kind and content, which includes the caller's actor, task instance or attempt key."""
    fields: dict[str, Any] = dataclasses.asdict(request)  # type: ignore[call-overload]  # all are dataclasses
    text = json.dumps([type(request).__name__, fields], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _adapter(kind: type[Answer]) -> TypeAdapter[Answer]:
    # Building an adapter takes milliseconds, using it microseconds.
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]
