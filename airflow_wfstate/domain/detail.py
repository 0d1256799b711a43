"""Everything about one workflow that people ask for at once."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_wfstate.domain.payload import Payload
from airflow_wfstate.domain.plan import Progress
from airflow_wfstate.domain.step import StepSummary
from airflow_wfstate.domain.workflow import LinkedRun, WorkflowSummary


@dataclass(frozen=True)
class WorkflowDetail:
    """A workflow with its steps, runs and progress.

    :param input: what it was started with; None when the reader may not see payloads of its owner.
    :param output: None unless it succeeded.
    :param plan: as declared.
    :param steps: in the order in which they first began.
    :param not_reached: after a success: planned steps that never began.
    """

    summary: WorkflowSummary
    plan: list[str]
    progress: Progress
    not_reached: list[str]
    participants: list[str]
    runs: list[LinkedRun]
    steps: list[StepSummary]
    input: Payload | None
    output: Payload | None
