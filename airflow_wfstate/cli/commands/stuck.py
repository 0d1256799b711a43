"""``airflow wfstate stuck``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from airflow_wfstate.cli.command import Lists, listing_command
from airflow_wfstate.cli.next_page import tell_next_page
from airflow_wfstate.cli.printing.rendering import PROGRAM_FORMATS, as_json, print_for_programs, print_rows, short_time
from airflow_wfstate.domain.messages.workflow import WorkflowSummary
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery


@listing_command
def list_stuck(arguments: Namespace, store: Lists) -> None:
    """Print the flags of a page of workflows, newest first: why they are not progressing, and what would help."""
    page = store.list_workflows(
        WorkflowQuery(
            name=arguments.name,
            dag_id=arguments.dag_id,
            stuck=True,
            limit=arguments.limit,
            cursor=arguments.cursor,
        )
    )
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(page.workflows), arguments.output)
    else:
        print_rows([row for workflow in page.workflows for row in _rows(workflow)], arguments.output)
    tell_next_page(arguments, page.next_cursor)


def _rows(workflow: WorkflowSummary) -> Iterator[dict[str, object]]:
    for flag in workflow.flags:
        yield {
            "workflow": f"{workflow.name}/{workflow.key}",
            "state": workflow.state,
            "flag": flag.kind,
            "since": short_time(flag.since),
            "owner": flag.owner,
            "cause": flag.cause,
            "command": flag.command,
        }
