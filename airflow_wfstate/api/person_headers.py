"""What goes with the wish of a person, beside its body: headers, and the way that it came."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from fastapi import Request

from airflow_wfstate.api.entity_tag import IfMatch, version_of
from airflow_wfstate.api.mounted_path import mounted_path
from airflow_wfstate.api.write_headers import IdempotencyKey
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from airflow_wfstate.domain.messages.compensate import CompensateWorkflow, DecideCompensation
from airflow_wfstate.domain.messages.resume import ResumeWorkflow
from airflow_wfstate.domain.messages.way import Way

Wish = TypeVar("Wish", CancelWorkflow, CompensateWorkflow, DecideCompensation, ResumeWorkflow)


@dataclass(frozen=True)
class PersonHeaders:
    """What such a request says outside of its body.

    :param idempotency_key: None when the header is missing.
    :param if_version: of the workflow, as If-Match demands it; None when it demands none.
    :param way: by which of our apps the request came.
    """

    idempotency_key: str | None
    if_version: int | None
    way: Way

    def complete(self, wish: Wish, actor: str) -> Wish:
        """The wish of a body with who has it, and what the headers say: they count before the body.

        :param actor: as the journal names the user.
        """
        return replace(
            wish,
            actor=actor,
            way=self.way,
            idempotency_key=self.idempotency_key or wish.idempotency_key,
            if_version=wish.if_version if self.if_version is None else self.if_version,
        )


def person_headers(request: Request, idempotency_key: IdempotencyKey = None, if_match: IfMatch = None) -> PersonHeaders:
    """A dependency: what this request says outside of its body."""
    way = Way.UI if mounted_path(request.scope).startswith("/ui/") else Way.API
    return PersonHeaders(idempotency_key, version_of(if_match), way)
