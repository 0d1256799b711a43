"""How many items of mapped steps were at work at which time: what a bar of a timeline shows of thousands of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from airflow_wfstate.domain.messages.asked import asked
from airflow_wfstate.domain.messages.operation import Operation, Who

MAX_BUCKETS: Final = 500


@dataclass(frozen=True)
class StepDensity:
    """The items of one mapped step, in stretches of time of equal length.

    :param parent_step_id: as of a :class:`~airflow_wfstate.domain.messages.step.StepSummary`.
    :param since: when the first attempt began.
    :param until: when the last one ended; now, while one is open.
    :param at_work: of each stretch, how many attempts were open in it, those that waited among them.
    :param failed: of each stretch, how many attempts ended in it as failed or lost.
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
    """Every mapped step of a workflow that has begun, in the order of their begin."""

    steps: list[StepDensity]


@dataclass(frozen=True)
class ReadDensity:
    """The request for the density of a workflow."""

    workflow_id: str
    buckets: int = field(
        default=60,
        metadata=asked(
            "Into how many stretches the time of each step is divided",
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
    says="How many items of each mapped step were at work when, and how many failed.",
    who=Who.READER,
    tag="workflows",
    has_tag=True,
)
