"""How many items of mapped steps were running over time, which a timeline shows as one bar for thousands of items."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from airflow_wfstate.domain.messages.asked import asked
from airflow_wfstate.domain.messages.operation import Operation, Who

MAX_BUCKETS: Final = 500


@dataclass(frozen=True)
class StepDensity:
    """The items of one mapped step, in time intervals of equal length.

    :param parent_step_id: as in :class:`~airflow_wfstate.domain.messages.step.StepSummary`.
    :param since: when the first attempt began.
    :param until: when the last attempt ended; now, while one is open.
    :param at_work: for each interval, how many attempts were open in it, including waiting ones.
    :param failed: for each interval, how many attempts ended in it as failed or lost.
    """

    participant: str
    name: str
    parent_step_id: str | None
    since: datetime
    until: datetime
    at_work: list[int]
    failed: list[int]


@dataclass(frozen=True)
class WorkflowDensity:
    """The mapped steps of a workflow that have begun, in the order in which they began."""

    steps: list[StepDensity]


@dataclass(frozen=True)
class ReadDensity:
    """The request for the density of a workflow."""

    workflow_id: str
    buckets: int = field(
        default=60,
        metadata=asked(
            "How many intervals to divide the time of each step into",
            is_filter=False,
            at_least=1,
            at_most=MAX_BUCKETS,
        ),
    )


READ_DENSITY: Final = Operation(
    name="read_density",
    method="GET",
    path="/workflows/{workflow_id}/density",
    request=ReadDensity,
    answer=WorkflowDensity,
    says="Count how many items of each mapped step were running over time, and how many failed.",
    who=Who.READER,
    tag="workflows",
    has_tag=True,
)
