"""Idempotency-Keys: a write sent again gets the stored answer of the first time.

As in the IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header): the key is
stored with the hash of the body and the answer, in the transaction of the write itself.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Connection, insert, select

from airflow_wfstate.exceptions import IdempotencyConflict, InvalidName
from airflow_wfstate.store import schema
from airflow_wfstate.store.clock import database_now

Answer = TypeVar("Answer")

_MAX_KEY_LENGTH = 500


def find_answer(
    connection: Connection, idempotency_key: str | None, request: Any, answer_type: type[Answer]
) -> Answer | None:
    """The answer that was stored under the key; None when there is none, or no key.

    :param request: the dataclass of the request.
    :raises IdempotencyConflict: the key was used with another request.
    """
    if idempotency_key is None:
        return None
    if not idempotency_key or len(idempotency_key) > _MAX_KEY_LENGTH or not idempotency_key.isprintable():
        raise InvalidName(
            f"The idempotency key {idempotency_key[:40]!r} cannot be stored.",
            f"Give 1 to {_MAX_KEY_LENGTH} printable characters.",
        )
    row = connection.execute(
        select(schema.request.c.body_sha256, schema.request.c.answer).where(
            schema.request.c.idempotency_key == idempotency_key
        )
    ).one_or_none()
    if row is None:
        return None
    if row.body_sha256 != _hash(request):
        raise IdempotencyConflict(
            f"The idempotency key {idempotency_key!r} was used before, with another request.",
            "Use a new key for a new request.",
        )
    return TypeAdapter(answer_type).validate_json(row.answer)


def store_answer(connection: Connection, idempotency_key: str | None, request: Any, answer: object) -> None:
    """Store the answer of a request under its key; nothing happens without a key."""
    if idempotency_key is None:
        return
    connection.execute(
        insert(schema.request).values(
            idempotency_key=idempotency_key,
            body_sha256=_hash(request),
            answer=TypeAdapter(type(answer)).dump_json(answer).decode(),
            created_at=database_now(),
        )
    )


def _hash(request: Any) -> str:
    text = json.dumps(dataclasses.asdict(request), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
