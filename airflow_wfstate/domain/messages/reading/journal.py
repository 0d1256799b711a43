"""The journal: the append-only history of a workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from airflow_wfstate.domain.messages.asked import MAX_NUMBER, PAGE_SIZE, asked
from airflow_wfstate.domain.messages.operation import Operation, Who


class EntryKind(str, Enum):
    """The kind of a journal entry."""

    WORKFLOW_STARTED = "workflow.started"
    WORKFLOW_RESUMED = "workflow.resumed"
    WORKFLOW_REOPENED = "workflow.reopened"
    WORKFLOW_SUCCEEDED = "workflow.succeeded"
    WORKFLOW_FAILED = "workflow.failed"
    WORKFLOW_COMPENSATING = "workflow.compensating"
    WORKFLOW_COMPENSATED = "workflow.compensated"
    WORKFLOW_COMPENSATION_FAILED = "workflow.compensation_failed"
    WORKFLOW_OVERDUE = "workflow.overdue"
    WORKFLOW_CANCELLED = "workflow.cancelled"
    RUN_LINKED = "run.linked"
    STEP_BEGAN = "step.began"
    STEP_WAITING = "step.waiting"
    STEP_CONTINUED = "step.continued"
    STEP_ANSWERED = "step.answered"
    STEP_SUCCEEDED = "step.succeeded"
    STEP_FAILED = "step.failed"
    STEP_SKIPPED = "step.skipped"
    STEP_LOST = "step.lost"
    STEP_RENAMED = "step.renamed"
    STEP_COMPENSATED = "step.compensated"
    EVENT_NOTED = "event.noted"
    TURN_GIVEN = "turn.given"
    COMPENSATION_BEGAN = "compensation.began"
    COMPENSATION_DONE = "compensation.done"
    COMPENSATION_NOT_NEEDED = "compensation.not_needed"
    COMPENSATION_ATTEMPT_FAILED = "compensation.attempt_failed"
    COMPENSATION_FAILED = "compensation.failed"
    COMPENSATION_RETRIED = "compensation.retried"
    COMPENSATION_SKIPPED = "compensation.skipped"


@dataclass(frozen=True)
class JournalEntry:
    """An entry of the journal, written under the workflow's lock.

    :param number: number of the entry, from 1, without gaps in a workflow.
    :param step: ``participant.name`` or ``participant.name[item]``, with the place if the participant has several
        (``mail[tell_sent].send``); None if the entry is about the whole workflow.
    :param actor: who did it: ``task:dag/run/task``, ``user:name``, ``cli:name``, ``sweep``, or ``token`` for the user
        of a token.
    :param data: details; for payloads, only type, size and sha256. Entries about people's actions have ``way`` (``ui``,
        ``cli`` or ``api``) and ``reason``.
    :param step_id: id of that step; also None in entries that an older version wrote.
    :param sentence: what happened, in one English sentence.
    """

    number: int
    at: datetime
    kind: EntryKind
    step: str | None
    attempt: int | None
    actor: str
    data: Mapping[str, object]
    step_id: str | None = None
    sentence: str = ""


@dataclass(frozen=True)
class JournalFilter:
    """Which journal entries to list. None or an empty list does not filter.

    :param step: a name that several steps share matches all of them.
    """

    kinds: list[EntryKind] = field(
        default_factory=list, metadata=asked("Only entries of one of these kinds", parameter="kind")
    )
    step: str | None = field(
        default=None,
        metadata=asked(
            "Only entries about this step: participant[place].step, participant.step or step for all; add [item], "
            "or use the step's id, for a single one"
        ),
    )


@dataclass(frozen=True)
class JournalPage:
    """A page of the journal, in ascending order.

    :param next_after: ``after`` for the next page; None if there are no more.
    :param total: the current number of all entries in the journal, which is also the number of the last one. None if it
        was not requested.
    """

    entries: list[JournalEntry]
    next_after: int | None
    total: int | None = None


@dataclass(frozen=True)
class ReadJournal:
    """The request for a page of the journal of a workflow."""

    workflow_id: str
    wanted: JournalFilter = field(default_factory=JournalFilter)
    after: int = field(
        default=0,
        metadata=asked("Only entries with a number above this one", is_filter=False, at_least=0, at_most=MAX_NUMBER),
    )
    limit: int = field(default=200, metadata=PAGE_SIZE)
    with_total: bool = field(
        default=False,
        metadata=asked("Also count all entries of the journal", parameter="total", is_filter=False),
    )


READ_JOURNAL: Final = Operation(
    name="read_journal",
    method="GET",
    path="/workflows/{workflow_id}/journal",
    request=ReadJournal,
    answer=JournalPage,
    says="List entries with a number above ``after``, oldest first.",
    who=Who.READER,
    tag="journal",
    has_tag=True,
)
