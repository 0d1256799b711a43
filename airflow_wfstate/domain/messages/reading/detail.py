"""One workflow, with everything that its page needs at once."""

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

    :param input: its input; None if the reader may not see payloads of its owner.
    :param output: its output; None unless it succeeded.
    :param plan: its plan, as declared.
    :param progress: its progress, with one entry per mapped step; the summary counts their items.
    :param not_reached: after a success, the planned steps that never began.
    :param runs: its runs, in the order in which they joined.
    :param step_groups: the steps that have begun, with one entry per mapped step, in the order in which they began.
    :param steps: the first page of its steps, of the requested size, in the order in which they first began.
    :param next_steps: ``after`` for the next page of steps; None if there are no more, or none were requested.
    :param definition_number: number of its version of the definition; None if that was never applied from a file.
    :param definition_in_force: the version number in force for its name; None if no definition was applied.
    :param waits: what it currently waits for, services first; at most 50.
    :param further_waits: how many more waits there are.
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
        metadata=asked("How many of its steps; 0 for only groups", is_filter=False, at_least=0, at_most=MAX_LIMIT),
    )


GET_WORKFLOW: Final = Operation(
    name="get_workflow",
    method="GET",
    path="/workflows/{workflow_id}",
    request=GetWorkflow,
    answer=WorkflowDetail,
    says="""Get a workflow and its first steps, without payloads that the caller may not read.

    Get further steps from ``/workflows/{workflow_id}/steps?after=``, with the answer's ``next_steps``.
    """,
    who=Who.READER,
    tag="workflows",
    has_tag=True,
)
