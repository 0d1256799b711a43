"""What a user's request says outside its body: its headers, and the app that it came through."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from airflow_wfstate.api.entity_tag import IfMatch, version_of
from airflow_wfstate.api.mounted_path import mounted_path
from airflow_wfstate.api.write_headers import IdempotencyKey
from airflow_wfstate.domain.messages.way import Way
from airflow_wfstate.exceptions import InvalidRequest


@dataclass(frozen=True)
class PersonHeaders:
    """What a user's request says outside its body.

    :param idempotency_key: the key from the header; None if it is missing.
    :param if_version: the version that If-Match requires; None if it requires none.
    :param way: which of our apps the request came through.
    """

    idempotency_key: str | None
    if_version: int | None
    way: Way

    def told(self) -> dict[str, object]:
        """The fields of the request that the headers set. They take precedence over the body."""
        given = {"way": self.way, "idempotency_key": self.idempotency_key, "if_version": self.if_version}
        return {name: value for name, value in given.items() if value is not None}


def unversioned_headers(request: Request, idempotency_key: IdempotencyKey = None) -> PersonHeaders:
    """Like :func:`person_headers`, for a write to something that has no version.

    :raises InvalidRequest: an If-Match requires a version. Ignoring it would change what the caller wanted to protect.
    """
    if request.headers.get("If-Match", "*").strip() != "*":
        raise InvalidRequest(
            "If-Match requires a version, but what this request changes has none.",
            "Leave out the header. This write is safe to repeat, and its answer says what it did.",
        )
    return person_headers(request, idempotency_key)


def person_headers(request: Request, idempotency_key: IdempotencyKey = None, if_match: IfMatch = None) -> PersonHeaders:
    """A dependency that reads what this request says outside its body."""
    way = Way.UI if mounted_path(request.scope).startswith("/ui/") else Way.API
    return PersonHeaders(idempotency_key, version_of(if_match), way)
