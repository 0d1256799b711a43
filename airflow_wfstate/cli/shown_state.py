"""Where a workflow stands, in the words that a list and a page of one workflow share."""

from __future__ import annotations

from airflow_wfstate.cli.rendering import short_duration
from airflow_wfstate.domain.messages.step_group import StepGroup
from airflow_wfstate.domain.messages.workflow import WorkflowSummary
from airflow_wfstate.domain.rules.states import WorkflowState


def state_text(workflow: WorkflowSummary) -> str:
    """The state; and of a running workflow of which a step has failed, that it has."""
    if workflow.failing is None:
        return workflow.state.value
    return f"{workflow.state.value} ({'a step is retried' if workflow.failing.is_retried else 'a step has failed'})"


def failing_text(workflow: WorkflowSummary) -> str | None:
    """Which step has failed while the workflow runs, and why; None when none has."""
    failing = workflow.failing
    if failing is None:
        return None
    others = f" (and {failing.others} more)" if failing.others else ""
    again = ", and is tried again" if failing.is_retried else ""
    return f"Step {failing.step} failed{again}{others}: {failing.error or 'its process died without a word'}"


def error_text(workflow: WorkflowSummary) -> str | None:
    """The first line of what went wrong; None when nothing did.

    The failure itself comes first, then why the workflow is on hold (``stuck`` and ``show`` have both), then the step
    that has failed while the workflow runs.
    """
    text = workflow.error or workflow.hold_reason or failing_text(workflow) or ""
    return text.partition("\n")[0] or None


def counts_text(group: StepGroup) -> str:
    """How many items of a mapped step are in which state: ``1979 succeeded, 21 failed``."""
    return ", ".join(f"{count} {state.value}" for state, count in group.by_state.items())


def undone_after(workflow: WorkflowSummary) -> str | None:
    """How long after its work a workflow was undone; None when it was not."""
    begun, ended = workflow.forward_ended_at, workflow.ended_at
    is_undone = workflow.state is WorkflowState.COMPENSATED
    return None if not is_undone or begun is None or ended is None else short_duration(ended - begun)
