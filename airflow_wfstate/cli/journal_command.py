"""``airflow wfstate journal``."""

from __future__ import annotations

import json
import shlex
import sys
from argparse import Namespace

from airflow_wfstate.backends.protocol import StateBackend
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.definition import DEFAULT_ENTRY_LIMIT
from airflow_wfstate.cli.identify import workflow_id
from airflow_wfstate.cli.rendering import (
    PROGRAM_FORMATS,
    as_json,
    print_for_programs,
    print_rows,
    short_time,
    shortened,
)
from airflow_wfstate.domain.journal import JournalEntry


@command
def print_journal(arguments: Namespace, store: StateBackend) -> None:
    """Print a page of a workflow's journal, oldest entry first; on stderr how to get the next page."""
    page = store.read_journal(workflow_id(arguments.workflow, store), arguments.after, arguments.limit)
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(page.entries), arguments.output)
    else:
        print_rows([_row(entry, arguments.output) for entry in page.entries], arguments.output)
    if page.next_after is not None:
        print(f"There are more: {_next_page(arguments, page.next_after)}", file=sys.stderr)


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


def _next_page(arguments: Namespace, after: int) -> str:
    """The command that prints the next page: this one, further on."""
    words = ["airflow", "wfstate", "journal", arguments.workflow, "--after", str(after)]
    if arguments.limit != DEFAULT_ENTRY_LIMIT:
        words += ["--limit", str(arguments.limit)]
    if arguments.output != "table":
        words += ["-o", arguments.output]
    return shlex.join(words)
