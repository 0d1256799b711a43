"""The state of a workflow in words, shared by lists and the page of one workflow."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from airflow_wfstate.cli.printing.rendering import short_duration, short_time
from airflow_wfstate.domain.messages.reading.pending_wait import PendingWait
from airflow_wfstate.domain.messages.reading.step_group import StepGroup
from airflow_wfstate.domain.messages.workflow import WorkflowSummary
from airflow_wfstate.domain.rules.states import WorkflowState

LEFT_OUT: Final = "(large; json and yaml have it)"
"""Shown instead of an output that a list left out."""


def state_text(workflow: WorkflowSummary) -> str:
    """The state, and for a running workflow with a failed step, that the step has failed."""
    if workflow.failing is None:
        return workflow.state.value
    return f"{workflow.state.value} ({'a step is retried' if workflow.failing.is_retried else 'a step has failed'})"


def failing_text(workflow: WorkflowSummary) -> str | None:
    """Which step has failed while the workflow is running, and why; None if none has."""
    failing = workflow.failing
    if failing is None:
        return None
    others = f" (and {failing.others} more)" if failing.others else ""
    again = " and is retried" if failing.is_retried else ""
    return f"Step {failing.step} failed{again}{others}: {failing.error or 'its process died without an error message'}"


def error_text(workflow: WorkflowSummary) -> str | None:
    """What went wrong, on one line; None if nothing did.

    The failure comes first, then why the workflow is on hold (``stuck`` and ``show`` print both), then a step that has
    failed while the workflow is running.
    """
    return telling_line(workflow.error or workflow.hold_reason or failing_text(workflow))


def problem_text(workflow: WorkflowSummary) -> str | None:
    """What is wrong, on one line: the flags' kinds, and the error or the first flag's cause; None if there are none."""
    if not workflow.flags:
        return error_text(workflow)
    kinds = ", ".join(flag.kind.value for flag in workflow.flags)
    return f"{kinds}: {error_text(workflow) or workflow.flags[0].cause}"


def telling_line(error: str | None) -> str | None:
    """The most informative line of an error: the first, or the last of a traceback; None if there is none.

    Text before the traceback on the first line (``Step pay failed:``) is kept.
    """
    lines = [line for line in (error or "").splitlines() if line.strip()]
    if not lines:
        return None
    before, is_traceback, _ = lines[0].partition("Traceback (most recent call last):")
    return f"{before}{lines[-1]}" if is_traceback else lines[0]


def counts_text(group: StepGroup) -> str:
    """How many items of a mapped step are in each state: ``1979 succeeded, 21 failed``."""
    return ", ".join(f"{count} {state.value}" for state, count in group.by_state.items())


def undone_after(workflow: WorkflowSummary) -> str | None:
    """How long after the end of its work a workflow was compensated; None if it was not."""
    begun, ended = workflow.forward_ended_at, workflow.ended_at
    is_undone = workflow.state is WorkflowState.COMPENSATED
    return None if not is_undone or begun is None or ended is None else short_duration(ended - begun)


def wait_text(wait: PendingWait, now: datetime) -> str:
    """What a wait is for, and since when: ``payments to report how it ended, since 2026-11-24 08:00:00Z (2h 5m)``."""
    until = "" if wait.until is None else f", until {short_time(wait.until)}"
    since = f"since {short_time(wait.since)} ({short_duration(now - wait.since)})"
    return f"{wait.what or 'something that you may not see'}, {since}{until}"
