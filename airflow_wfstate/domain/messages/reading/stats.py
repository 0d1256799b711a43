"""Counts of workflows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from airflow_wfstate.domain.messages.asked import asked
from airflow_wfstate.domain.messages.operation import Operation, Who
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.flag import FlagKind
from airflow_wfstate.domain.rules.states import WorkflowState

MAX_BUCKETS = 1000
"""Of one answer."""


@dataclass(frozen=True)
class StatsBucket:
    """The workflows that started in an interval.

    :param at: the beginning of the interval.
    :param failed: how many of them have an error, because they failed and were not resumed since.
    """

    at: datetime
    started: int
    failed: int


@dataclass(frozen=True)
class WorkflowStats:
    """How many workflows match a query.

    :param total: how many there are in total.
    :param by_state: how many are in every state, including empty ones.
    :param by_flag: how many have every kind of flag; a workflow may have several.
    :param flagged: how many have at least one flag.
    :param buckets: counts by time, without empty intervals; empty if they were not requested.
    """

    total: int
    by_state: dict[WorkflowState, int]
    by_flag: dict[FlagKind, int]
    flagged: int
    buckets: list[StatsBucket]


@dataclass(frozen=True)
class ReadStats:
    """The request for counts of the workflows that match a query. Its order and page are ignored."""

    query: WorkflowQuery
    bucket_seconds: int | None = field(
        default=None,
        metadata=asked(
            "Also count by start time, in intervals of this many seconds between since and until",
            is_filter=False,
            at_least=1,
            at_most=10**9,
        ),
    )


READ_STATS: Final = Operation(
    name="read_stats",
    method="GET",
    path="/stats",
    request=ReadStats,
    answer=WorkflowStats,
    says="Count the workflows that the caller may see, by state and by flag.",
    who=Who.LISTER,
    tag="workflows",
    has_tag=True,
)
