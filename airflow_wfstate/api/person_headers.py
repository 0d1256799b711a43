"""What goes with the request of a person, beside its body: headers, and the way that it came."""

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
    """What such a request says outside of its body.

    :param idempotency_key: None when the header is missing.
    :param if_version: of what is changed, as If-Match demands it; None when it demands none.
    :param way: by which of our apps the request came.
    """

    idempotency_key: str | None
    if_version: int | None
    way: Way

    def told(self) -> dict[str, object]:
        """The fields of the request that they tell; they count before those of the body."""
        given = {"way": self.way, "idempotency_key": self.idempotency_key, "if_version": self.if_version}
        return {name: value for name, value in given.items() if value is not None}


def unversioned_headers(request: Request, idempotency_key: IdempotencyKey = None) -> PersonHeaders:
    """As :func:`person_headers`, of a write to something that has no version.

    :raises InvalidRequest: an If-Match demands a version. To leave it unheeded would change what the caller wanted to
        protect.
    """
    if request.headers.get("If-Match", "*").strip() != "*":
        raise InvalidRequest(
            "If-Match demands a version, and what is changed here has none.",
            "Leave the header out: this write can be sent again, and says itself what it does to each state.",
        )
    return person_headers(request, idempotency_key)


def person_headers(request: Request, idempotency_key: IdempotencyKey = None, if_match: IfMatch = None) -> PersonHeaders:
    """A dependency: what this request says outside of its body."""
    way = Way.UI if mounted_path(request.scope).startswith("/ui/") else Way.API
    return PersonHeaders(idempotency_key, version_of(if_match), way)
