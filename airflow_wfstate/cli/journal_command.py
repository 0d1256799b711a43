"""``airflow wfstate journal``."""

from __future__ import annotations

import json
from argparse import Namespace

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.identify import workflow_id
from airflow_wfstate.cli.next_page import tell_next_page
from airflow_wfstate.cli.rendering import (
    PROGRAM_FORMATS,
    as_json,
    print_for_programs,
    print_rows,
    short_time,
    shortened,
)
from airflow_wfstate.domain.messages.journal import JournalEntry


@command
def print_journal(arguments: Namespace, store: StateBackend) -> None:
    """Print a page of a workflow's journal, oldest entry first; on stderr how to get the next page."""
    page = store.read_journal(workflow_id(arguments.workflow, store), arguments.after, arguments.limit)
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(page.entries), arguments.output)
    else:
        print_rows([_row(entry, arguments.output) for entry in page.entries], arguments.output)
    tell_next_page(arguments, page.next_after)


def _row(entry: JournalEntry, output: str) -> dict[str, object]:
    data = json.dumps(entry.data) if entry.data else None
    return {
        "number": entry.number,
        "at": short_time(entry.at),
        "kind": entry.kind,
        "step": entry.step,
        "attempt": entry.attempt,
        "actor": entry.actor,
        "data": shortened(data) if data and output == "table" else data,
    }
