"""``airflow wfstate list``."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime, timezone

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.next_page import tell_next_page
from airflow_wfstate.cli.rendering import (
    PROGRAM_FORMATS,
    as_json,
    print_for_programs,
    print_rows,
    print_text,
    short_duration,
    short_time,
)
from airflow_wfstate.cli.shown_state import error_text, state_text, undone_after
from airflow_wfstate.cli.workflow_filters import filters_of
from airflow_wfstate.domain.messages.workflow import WorkflowSummary
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery, WorkflowSort
from airflow_wfstate.domain.rules.counted import counted


@command
def list_workflows(arguments: Namespace, store: StateBackend) -> None:
    """Print a page of workflows; on stderr how to get the next page, and how many there are when it was asked."""
    now = datetime.now(timezone.utc)
    page = store.list_workflows(
        WorkflowQuery(
            **filters_of(arguments, now),
            sort=WorkflowSort(arguments.sort),
            limit=arguments.limit,
            cursor=arguments.cursor,
            with_total=arguments.total,
        )
    )
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(page.workflows), arguments.output)
    else:
        print_rows([_row(workflow, now) for workflow in page.workflows], arguments.output)
    if page.total is not None:
        print_text(f"{counted(page.total, 'workflow')} in all.", is_error=True)
    tell_next_page(arguments, page.next_cursor)


def _row(workflow: WorkflowSummary, now: datetime) -> dict[str, object]:
    return {
        "id": workflow.id,
        "name": workflow.name,
        "key": workflow.key,
        "generation": workflow.generation,
        "state": state_text(workflow),
        "steps": f"{workflow.steps_done}/{workflow.steps_total}",
        "current_step": workflow.current_step,
        "labels": ", ".join(f"{name}={value}" for name, value in workflow.labels.items()) or None,
        "flags": ", ".join(flag.kind.value for flag in workflow.flags) or None,
        "started_at": short_time(workflow.started_at),
        "duration": short_duration((workflow.forward_ended_at or now) - workflow.started_at),
        "undone_after": undone_after(workflow),
        "error": error_text(workflow),
    }
