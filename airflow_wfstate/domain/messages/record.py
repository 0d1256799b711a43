"""Records: the results of small durable calls inside a step, saved once for all attempts of the round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from airflow_wfstate.domain.messages.operation import Operation, Who
from airflow_wfstate.domain.messages.step import RecordedWrite
from airflow_wfstate.domain.rules.payload import Payload


@dataclass(frozen=True)
class SaveRecord:
    """The result of a call that was made.

    :param attempt_key: from :class:`~airflow_wfstate.domain.messages.step.BegunStep`.
    :param write: as for :class:`~airflow_wfstate.domain.messages.step.SaveCheckpoint`.
    :param name: name of the call, unique in the round. An existing record is not changed.
    :param value: what the call returned, or its error as ``{"type": ..., "message": ...}``.
    :param is_error: whether the call raised.
    :param idempotency_key: as for :class:`~airflow_wfstate.domain.messages.step.SaveCheckpoint`.
    """

    attempt_key: str
    write: int
    name: str
    value: Payload
    is_error: bool = False
    idempotency_key: str | None = None


@dataclass(frozen=True)
class ReadRecords:
    """The request for the records of an attempt's round.

    :param skip: how many records to skip. Records are only ever added, so pages stay consistent.
    :param limit: the size of the page, 1 to 1000.
    """

    attempt_key: str
    skip: int = 0
    limit: int = 1000


AWAITED: Final = "awaited "
"""The prefix of the type of an awaited result. No class has a space in its name."""


@dataclass(frozen=True)
class Record:
    """A call that was made in the round."""

    name: str
    value: Payload
    is_error: bool

    @property
    def is_awaited(self) -> bool:
        """Whether the call returned an awaitable, so that its recorded result must be awaited as well."""
        return self.value.type.startswith(AWAITED)


@dataclass(frozen=True)
class RecordPage:
    """A page of records, in the order in which they were saved.

    :param next_skip: what to ask for next as ``skip``; None if there are no more.
    """

    records: list[Record]
    next_skip: int | None


SAVE_RECORD: Final = Operation(
    name="save_record",
    method="POST",
    path="/steps/record",
    request=SaveRecord,
    answer=RecordedWrite,
    says="Save the result of a call, once per round.",
    who=Who.ATTEMPT,
    tag="steps",
)

READ_RECORDS: Final = Operation(
    name="read_records",
    method="POST",
    path="/steps/records",
    request=ReadRecords,
    answer=RecordPage,
    says="List the records of the attempt's round. A POST, because the attempt key must stay out of URLs and logs.",
    who=Who.ATTEMPT,
    tag="steps",
    answers_much=True,
)
