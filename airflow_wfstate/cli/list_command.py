"""``airflow wfstate list``."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime, timezone

from airflow_wfstate.backends.protocol import StateBackend
from airflow_wfstate.cli.arguments import parse_since, parse_states, parse_step_state
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
from airflow_wfstate.domain.messages.workflow import WorkflowQuery, WorkflowSort, WorkflowSummary
from airflow_wfstate.domain.rules.counted import counted
from airflow_wfstate.domain.rules.labels import parse_labels


@command
def list_workflows(arguments: Namespace, store: StateBackend) -> None:
    """Print a page of workflows; on stderr how to get the next page, and how many there are when it was asked."""
    now = datetime.now(timezone.utc)
    page = store.list_workflows(
        WorkflowQuery(
            name=arguments.name,
            key=arguments.key,
            states=parse_states(arguments.state or []),
            dag_id=arguments.dag_id,
            correlation_id=arguments.correlation_id,
            key_prefix=arguments.key_prefix,
            search=arguments.search,
            labels=parse_labels(arguments.label or []),
            step_states=[parse_step_state(text) for text in arguments.step_state or []],
            since=None if arguments.since is None else parse_since(arguments.since, now),
            until=None if arguments.until is None else parse_since(arguments.until, now),
            stuck=True if arguments.stuck else None,
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
