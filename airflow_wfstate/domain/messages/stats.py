"""Counts of workflows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from airflow_wfstate.domain.rules.flag import FlagKind
from airflow_wfstate.domain.rules.states import WorkflowState

MAX_BUCKETS = 1000
"""Of one answer."""


@dataclass(frozen=True)
class StatsBucket:
    """The workflows that started in a stretch of time.

    :param at: its beginning.
    :param failed: how many of them have an error: they failed, and were not set going again since.
    """

    at: datetime
    started: int
    failed: int


@dataclass(frozen=True)
class WorkflowStats:
    """How many workflows match a query.

    :param total: of all states together.
    :param by_state: every state, also those without a workflow.
    :param by_flag: every kind of flag; a workflow may have several.
    :param flagged: workflows with some flag.
    :param buckets: by time, without those that are empty; empty when none were asked for.
    """

    total: int
    by_state: dict[WorkflowState, int]
    by_flag: dict[FlagKind, int]
    flagged: int
    buckets: list[StatsBucket]
