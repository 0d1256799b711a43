"""``airflow wfstate wait``."""

from __future__ import annotations

import time
from argparse import Namespace
from datetime import datetime, timezone
from typing import Final

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.arguments import check_every, parse_choices, parse_duration
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.identify import workflow_id
from airflow_wfstate.cli.printing.progress import Progress
from airflow_wfstate.cli.printing.rendering import (
    PROGRAM_FORMATS,
    as_json,
    print_for_programs,
    print_text,
    short_duration,
)
from airflow_wfstate.cli.printing.shown_state import problem_text, state_text
from airflow_wfstate.domain.messages.workflow import WorkflowSummary
from airflow_wfstate.domain.rules.flag import FlagKind
from airflow_wfstate.domain.rules.states import OPEN_WORKFLOW_STATES, WorkflowState
from airflow_wfstate.exceptions import ReadTimedOut, Unavailable

EXIT_ANOTHER_STATE: Final = 3
"""Exit code if it ended in another state, or is on hold until an operator decides."""

EXIT_TIMEOUT: Final = 124
"""Exit code after a timeout, the same as timeout(1)."""


@command
def wait_for_workflow(arguments: Namespace, store: StateBackend) -> None:
    """Wait until a workflow is in one of the states, and print the result; show the progress on stderr."""
    wanted = parse_choices(WorkflowState, arguments.states or [WorkflowState.SUCCEEDED.value])
    check_every(arguments.every)
    end = None if arguments.timeout is None else time.monotonic() + parse_duration(arguments.timeout).total_seconds()
    found = workflow_id(arguments.workflow, store)
    summary = store.get_workflow(found, step_limit=0).summary
    with Progress(f"{summary.name}/{summary.key}") as progress:
        while not _rests(summary, wanted):
            progress.tell(state_text(summary), summary.steps_done, summary.steps_total)
            left = arguments.every if end is None else min(arguments.every, end - time.monotonic())
            if left <= 0:
                break
            time.sleep(left)
            summary = _look(store, summary, progress)
    _print(summary, arguments.output)
    if summary.state not in wanted:
        raise SystemExit(EXIT_ANOTHER_STATE if _rests(summary, wanted) else EXIT_TIMEOUT)


def _look(store: StateBackend, before: WorkflowSummary, progress: Progress) -> WorkflowSummary:
    """The workflow's current state, or the last known one if the store does not answer for the moment."""
    try:
        return store.get_workflow(before.id, step_limit=0).summary
    except (Unavailable, ReadTimedOut) as error:
        progress.tell(f"{error} Retrying.", before.steps_done, before.steps_total)
        return before


def _rests(summary: WorkflowSummary, wanted: list[WorkflowState]) -> bool:
    """Whether there is nothing to wait for: it is in a wanted state, or will not change by itself."""
    is_held = any(flag.kind is FlagKind.HELD for flag in summary.flags)
    return summary.state in wanted or summary.state not in OPEN_WORKFLOW_STATES or is_held


def _print(summary: WorkflowSummary, output: str) -> None:
    if output in PROGRAM_FORMATS:
        print_for_programs(as_json(summary), output)
        return
    stood_still_at = summary.ended_at or summary.forward_ended_at or datetime.now(timezone.utc)
    lasted = short_duration(stood_still_at - summary.started_at)
    problem = problem_text(summary)
    print_text(
        f"{summary.name}/{summary.key} is {summary.state.value} after {lasted}, "
        f"{summary.steps_done} of {summary.steps_total} steps done{f': {problem}' if problem else '.'}"
    )
