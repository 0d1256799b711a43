"""``airflow wfstate list``."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime, timezone

from airflow_wfstate.cli.command import Lists, listing_command
from airflow_wfstate.cli.filters import filters_of
from airflow_wfstate.cli.next_page import tell_next_page
from airflow_wfstate.cli.printing.rendering import (
    PROGRAM_FORMATS,
    as_json,
    print_for_programs,
    print_text,
)
from airflow_wfstate.cli.printing.watch import watch
from airflow_wfstate.cli.printing.workflow_table import print_workflows
from airflow_wfstate.domain.messages.workflow import WorkflowPage
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery, WorkflowSort
from airflow_wfstate.domain.rules.text.counted import counted


@listing_command
def list_workflows(arguments: Namespace, store: Lists) -> None:
    """Print a page of workflows, and on stderr how to get the next page and, if requested, the total number.

    With ``--watch``, print only the page, repeatedly.
    """
    if arguments.watch:
        watch(arguments, lambda: _print_again(arguments, store))
        return
    now = datetime.now(timezone.utc)
    page = store.list_workflows(_query(arguments, now))
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(page.workflows), arguments.output)
    else:
        _print(page, arguments, now)
    if page.total is not None:
        print_text(f"{counted(page.total, 'workflow')} in total.", is_error=True)
    tell_next_page(arguments, page.next_cursor)


def _print_again(arguments: Namespace, store: Lists) -> bool:
    now = datetime.now(timezone.utc)
    page = store.list_workflows(_query(arguments, now))
    _print(page, arguments, now)
    if page.total is not None:
        print_text(f"{counted(page.total, 'workflow')} in total.")
    return True


def _print(page: WorkflowPage, arguments: Namespace, now: datetime) -> None:
    print_workflows(page.workflows, now, arguments.output, is_wide=arguments.wide)


def _query(arguments: Namespace, now: datetime) -> WorkflowQuery:
    return WorkflowQuery(
        **filters_of(WorkflowQuery, arguments, now),
        sort=WorkflowSort(arguments.sort),
        limit=arguments.limit,
        cursor=arguments.cursor,
        with_total=arguments.total,
    )
