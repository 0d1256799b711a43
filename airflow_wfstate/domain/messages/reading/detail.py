"""Everything about one workflow that people ask for at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from airflow_wfstate.domain.messages.asked import asked
from airflow_wfstate.domain.messages.operation import Operation, Who
from airflow_wfstate.domain.messages.reading.pending_wait import PendingWait
from airflow_wfstate.domain.messages.reading.step_group import StepGroup
from airflow_wfstate.domain.messages.step import StepSummary
from airflow_wfstate.domain.messages.workflow import LinkedRun, WorkflowSummary
from airflow_wfstate.domain.rules.page_limit import MAX_LIMIT
from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.domain.rules.plan import Progress


@dataclass(frozen=True)
class WorkflowDetail:
    """A workflow with its progress, its runs, and the first page of its steps.

    :param input: what it was started with; None when the reader may not see payloads of its owner.
    :param output: None unless it succeeded.
    :param plan: as declared.
    :param progress: mapped steps as one entry each; the summary counts their items.
    :param not_reached: after a success: planned steps that never began.
    :param runs: in the order in which they joined.
    :param step_groups: every step that has begun, mapped ones as one, in the order of their begin.
    :param steps: as many as were asked for, in the order in which they first began: the first page of the
        list of steps.
    :param next_steps: ``after`` of the next page of the steps; None when these are all, or none were asked for.
    :param definition_number: of the version of the definition that it has; None when that was never applied from a
        file.
    :param definition_in_force: the number in force for its name; None when none was applied.
    :param waits: what it waits for now, services first; at most 50.
    :param further_waits: how many more there are.
    """

    summary: WorkflowSummary
    plan: list[str]
    progress: Progress
    not_reached: list[str]
    participants: list[str]
    runs: list[LinkedRun]
    step_groups: list[StepGroup]
    steps: list[StepSummary]
    next_steps: str | None
    input: Payload | None
    output: Payload | None
    definition_number: int | None = None
    definition_in_force: int | None = None
    waits: list[PendingWait] = field(default_factory=list)
    further_waits: int = 0


@dataclass(frozen=True)
class GetWorkflow:
    """The request for one workflow."""

    workflow_id: str
    step_limit: int = field(
        default=200,
        metadata=asked("How many of its steps; 0: the groups alone", is_filter=False, at_least=0, at_most=MAX_LIMIT),
    )


GET_WORKFLOW: Final = Operation(
    name="get_workflow",
    method="GET",
    path="/workflows/{workflow_id}",
    request=GetWorkflow,
    answer=WorkflowDetail,
    says="""Where a workflow stands, and the first of its steps, without payloads that the caller may not read.

    Further steps are at ``/workflows/{workflow_id}/steps?after=``, with the answer's ``next_steps``.
    """,
    who=Who.READER,
    tag="workflows",
    has_tag=True,
)
