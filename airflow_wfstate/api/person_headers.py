"""What goes with the wish of a person, beside its body."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from airflow_wfstate.api.entity_tag import IfMatch, version_of
from airflow_wfstate.api.write_headers import IdempotencyKey
from airflow_wfstate.domain.cancel import CancelWorkflow
from airflow_wfstate.domain.compensate import CompensateWorkflow, DecideCompensation
from airflow_wfstate.domain.resume import ResumeWorkflow

Wish = TypeVar("Wish", CancelWorkflow, CompensateWorkflow, DecideCompensation, ResumeWorkflow)


@dataclass(frozen=True)
class PersonHeaders:
    """The headers of such a request.

    :param idempotency_key: None when the header is missing.
    :param if_version: of the workflow, as If-Match demands it; None when it demands none.
    """

    idempotency_key: str | None
    if_version: int | None

    def complete(self, wish: Wish, actor: str) -> Wish:
        """The wish of a body with who has it, and what the headers say: they count before the body.

        :param actor: as the journal names the user.
        """
        return replace(
            wish,
            actor=actor,
            idempotency_key=self.idempotency_key or wish.idempotency_key,
            if_version=wish.if_version if self.if_version is None else self.if_version,
        )


def person_headers(idempotency_key: IdempotencyKey = None, if_match: IfMatch = None) -> PersonHeaders:
    """A dependency: the headers of this request."""
    return PersonHeaders(idempotency_key, version_of(if_match))
