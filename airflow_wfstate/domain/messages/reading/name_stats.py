"""Statistics about the workflows of one name: counts, durations, errors and versions of the definition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from airflow_wfstate.domain.messages.operation import Operation, Who
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.domain.rules.states import UNSUCCESSFUL_WORKFLOW_STATES, WorkflowState

NAME_WINDOW: Final = timedelta(days=7)
"""How far back to look by default."""

MAX_COUNTED: Final = 20_000
"""The most workflows in one answer, the newest first."""

MAX_ATTEMPTS_READ: Final = 10_000
"""The most attempts of steps to measure, from the newest workflows."""

MAX_LISTED: Final = 20
"""The most steps, errors and versions, each, in one answer."""

DURATION_EDGES: Final = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30),
    *(60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800, 43_200),
    *(86_400, 172_800, 604_800, 2_592_000),
)
"""Seconds between the bars of a histogram, such that their names are short: 5s, 2m, 8h, 30d."""

BUCKET_SECONDS: Final = (60, 300, 900, 1800, 3600, 10_800, 21_600, 86_400, 604_800, 2_592_000, 31_536_000)
"""The possible interval lengths of a chart over time."""

MAX_STRETCHES: Final = 60
"""The most intervals in a chart over time, as far as the longest interval allows."""


@dataclass(frozen=True)
class DurationSpread:
    """How long something took, in seconds. Percentiles are interpolated, as ``percentile_cont`` does.

    :param count: the number of measurements; at least 1.
    """

    count: int
    p50: float
    p95: float
    longest: float


@dataclass(frozen=True)
class DurationBar:
    """A bar of a histogram.

    :param from_seconds: the shortest duration that it includes.
    :param to_seconds: its upper limit, which is not included; None for the last bar, which has no limit.
    """

    from_seconds: float
    to_seconds: float | None
    workflows: int


@dataclass(frozen=True)
class StateBucket:
    """The workflows that started in an interval, by their current state.

    :param at: the beginning of the interval.
    :param by_state: how many are in each state; empty states are left out.
    """

    at: datetime
    by_state: dict[WorkflowState, int]


@dataclass(frozen=True)
class StepTimes:
    """How long the attempts of a step took, including waits, whether they succeeded or failed.

    :param step: ``participant.name``, for all items and places together.
    :param failed: the number of attempts that failed or were lost.
    """

    step: str
    failed: int
    seconds: DurationSpread


@dataclass(frozen=True)
class FrequentError:
    """An error of several workflows. Errors that differ only in numbers and ids are counted as one.

    :param error: the beginning of the most frequent text.
    :param shared_text: the longest part that all of them share, with which a list finds them; empty if there is none.
    :param workflows: how many have it.
    :param newest_workflow_id: id of the workflow with this error that started last.
    """

    error: str
    shared_text: str
    workflows: int
    newest_workflow_id: str


@dataclass(frozen=True)
class DefinitionVersion:
    """A version of the name's definition, with the counted workflows that use it.

    :param sha256: hash of its content.
    :param created_at: when it was first used, or applied.
    :param planned_steps: number of steps in its plan; 0 if it has no plan.
    :param workflows: how many workflows use it.
    :param unsuccessful: how many of them were unsuccessful, counted as in :attr:`NameStats.failure_rate`.
    :param number: the number under which it was last applied; None if it comes from a start, and was never applied from
        a file. (Servers of version 0.1.0 do not send it, hence the default.)
    """

    sha256: str
    created_at: datetime
    planned_steps: int
    workflows: int
    unsuccessful: int
    number: int | None = None


@dataclass(frozen=True)
class NameStats:
    """The workflows of a name that started in a window of time.

    :param workflows: how many were counted.
    :param counted_since: when the oldest counted workflow started, if the window has more than :data:`MAX_COUNTED` and
        older ones were left out; None if all were counted.
    :param by_state: the number of workflows in every state, including empty ones.
    :param failure_rate: the fraction (0 to 1) of workflows with a result that failed or were compensated; None if no
        workflow has a result.
    :param bucket_seconds: length of the intervals in ``buckets``; empty intervals are left out.
    :param duration: the time from start to end of the workflows that succeeded; None if none did.
    :param histogram: a histogram of the same durations, without gaps.
    :param steps: the slowest steps by their 95th percentile, measured in the newest workflows, with at most
        :data:`MAX_ATTEMPTS_READ` attempts in total.
    :param steps_cut: whether there were more attempts.
    :param errors: the most frequent first.
    :param versions: the newest first.
    """

    name: str
    since: datetime
    until: datetime
    workflows: int
    counted_since: datetime | None
    by_state: dict[WorkflowState, int]
    failure_rate: float | None
    bucket_seconds: int
    buckets: list[StateBucket]
    duration: DurationSpread | None
    histogram: list[DurationBar]
    steps: list[StepTimes]
    steps_cut: bool
    errors: list[FrequentError]
    versions: list[DefinitionVersion]


@dataclass(frozen=True)
class ReadNameStats:
    """The request for the numbers of a name.

    :param query: must have a name. Its order and page are ignored. ``until`` defaults to now, ``since`` to
        :data:`NAME_WINDOW` before that.
    """

    query: WorkflowQuery


READ_NAME_STATS: Final = Operation(
    name="read_name_stats",
    method="GET",
    path="/stats/name",
    request=ReadNameStats,
    answer=NameStats,
    says="Get statistics about the workflows of a name that the caller may see: counts, durations, errors and "
    "versions. ``name`` is required. ``until`` defaults to now, ``since`` to seven days before ``until``.",
    who=Who.LISTER,
    tag="workflows",
    has_tag=True,
)


def failure_rate(by_state: dict[WorkflowState, int]) -> float | None:
    """Compute :attr:`NameStats.failure_rate`."""
    unsuccessful = sum(by_state.get(state, 0) for state in UNSUCCESSFUL_WORKFLOW_STATES)
    with_result = unsuccessful + by_state.get(WorkflowState.SUCCEEDED, 0)
    return unsuccessful / with_result if with_result else None


def bucket_seconds(window: timedelta) -> int:
    """The interval length with which a window has at most :data:`MAX_STRETCHES` intervals, or else the longest."""
    fitting = (length for length in BUCKET_SECONDS if window.total_seconds() / length <= MAX_STRETCHES)
    return next(fitting, BUCKET_SECONDS[-1])
