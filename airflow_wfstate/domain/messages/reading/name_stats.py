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

    :param count: how many were measured; at least 1.
    """

    count: int
    p50: float
    p95: float
    longest: float


@dataclass(frozen=True)
class DurationBar:
    """A bar of a histogram.

    :param from_seconds: the shortest duration that it counts.
    :param to_seconds: durations are shorter than this; None for the last bar, which has no end.
    """

    from_seconds: float
    to_seconds: float | None
    workflows: int


@dataclass(frozen=True)
class StateBucket:
    """The workflows that started in a stretch of time, by the state that they are in now.

    :param at: its beginning.
    :param by_state: without states that none is in.
    """

    at: datetime
    by_state: dict[WorkflowState, int]


@dataclass(frozen=True)
class StepTimes:
    """How long the attempts of a step took, whether they succeeded or failed; waits are part of it.

    :param step: ``participant.name``, all items and places together.
    :param failed: attempts that failed or were lost.
    """

    step: str
    failed: int
    seconds: DurationSpread


@dataclass(frozen=True)
class FrequentError:
    """An error that workflows have; those that differ in numbers and ids alone are counted as one.

    :param error: the beginning of the text that most of them have.
    :param shared_text: the longest part that all of them have, by which a list finds them; empty where there is none.
    :param workflows: how many have it.
    :param newest_workflow_id: of the one that started last.
    """

    error: str
    shared_text: str
    workflows: int
    newest_workflow_id: str


@dataclass(frozen=True)
class DefinitionVersion:
    """A version of the name's definition that counted workflows have.

    :param sha256: of its content.
    :param created_at: when it was first used, or applied.
    :param planned_steps: how many steps its plan has; 0 when it has none.
    :param workflows: that have it.
    :param unsuccessful: of them, as :attr:`NameStats.failure_rate` counts them.
    :param number: under which it was applied last; None when it is of a start, and was never applied from a file. (The
        default is what servers of 0.1.0 do not tell.)
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
    :param counted_since: when the oldest of them started, when the window holds more than :data:`MAX_COUNTED` and all
        older ones were left out; None when all were counted.
    :param by_state: every state, also those without a workflow.
    :param failure_rate: the part, 0 to 1, of those that came to a result that failed or were undone; None when none has
        come to a result.
    :param bucket_seconds: length of the stretches of ``buckets``, which leave out empty ones.
    :param duration: from the start of those that succeeded to the end of their work; None when none did.
    :param histogram: of the same durations, without gaps.
    :param steps: the slowest, by their 95th percentile; of the newest workflows, at most :data:`MAX_ATTEMPTS_READ`
        attempts altogether.
    :param steps_cut: whether there were more.
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

    :param query: with a name. Its order and its page do not matter; without ``until`` up to now, without ``since``
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
    """The rate, as :attr:`NameStats.failure_rate` says."""
    unsuccessful = sum(by_state.get(state, 0) for state in UNSUCCESSFUL_WORKFLOW_STATES)
    with_result = unsuccessful + by_state.get(WorkflowState.SUCCEEDED, 0)
    return unsuccessful / with_result if with_result else None


def bucket_seconds(window: timedelta) -> int:
    """The length of stretches of which a window has at most :data:`MAX_STRETCHES`; else the longest."""
    fitting = (length for length in BUCKET_SECONDS if window.total_seconds() / length <= MAX_STRETCHES)
    return next(fitting, BUCKET_SECONDS[-1])
