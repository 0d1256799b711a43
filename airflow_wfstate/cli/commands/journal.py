"""``airflow wfstate journal``."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime, timezone

from airflow_wfstate.backends.journal_export import ExportFormat, export_journal
from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.cli.command import command
from airflow_wfstate.cli.filters import filters_of
from airflow_wfstate.cli.identify import workflow_id
from airflow_wfstate.cli.next_page import tell_next_page
from airflow_wfstate.cli.printing.console import Console
from airflow_wfstate.cli.printing.fitting import fit_end
from airflow_wfstate.cli.printing.progress import LINE_EVERY_SECONDS, Progress
from airflow_wfstate.cli.printing.rendering import (
    PROGRAM_FORMATS,
    as_json,
    fits,
    print_for_programs,
    print_rows,
    print_text,
    short_time,
    write_file_part,
)
from airflow_wfstate.domain.messages.reading.journal import JournalEntry, JournalFilter
from airflow_wfstate.domain.rules.text.characters import shown_text
from airflow_wfstate.domain.rules.text.readable_json import readable_json


@command
def print_journal(arguments: Namespace, store: StateBackend) -> None:
    """Print a page of a workflow's journal, and on stderr how to get the next page; or export all of it."""
    wanted = JournalFilter(**filters_of(JournalFilter, arguments, datetime.now(timezone.utc)))
    found = workflow_id(arguments.workflow, store)
    if arguments.export is not None:
        _export(store, found, arguments, wanted)
        return
    page = store.read_journal(found, arguments.after, arguments.limit, wanted)
    if arguments.output in PROGRAM_FORMATS:
        print_for_programs(as_json(page.entries), arguments.output)
    else:
        _print(page.entries, arguments.output)
    tell_next_page(arguments, page.next_after)


def _export(store: StateBackend, found: str, arguments: Namespace, wanted: JournalFilter) -> None:
    """Write all entries to stdout, and the progress to stderr if there is more than one page."""
    parts = export_journal(store, found, ExportFormat(arguments.export), wanted, arguments.after)
    title, is_silent = f"journal of {arguments.workflow}", sys.stdout.isatty()
    with Progress(title, pause_seconds=LINE_EVERY_SECONDS, is_silent=is_silent) as progress:
        for part in parts:
            write_file_part(part.text)
            if part.reached < part.total:
                progress.tell("entries read", part.reached, part.total)


def _print(entries: Sequence[JournalEntry], output: str) -> None:
    """Print a table, or two lines per entry if the table is too wide for the terminal."""
    rows = [_row(entry, output) for entry in entries]
    if output == "plain" or fits(rows):
        print_rows(rows, output)
        return
    width, indent = Console().width, len(str(entries[-1].number)) + 2
    for entry in entries:
        what = [short_time(entry.at), entry.kind.value, entry.step or ""]
        what += [f"attempt {entry.attempt}"] if entry.attempt else []
        print_text(f"{entry.number}".ljust(indent) + "  ".join(word for word in what if word))
        details = shown_text(f"{_short_actor(entry)}  {_data(entry) or ''}".rstrip())
        print_text(" " * indent + fit_end(details, width - indent))


def _short_actor(entry: JournalEntry) -> str:
    """The actor; for a task only its id, since its run takes up most of a line."""
    return f"task {entry.actor.rpartition('/')[2]}" if entry.actor.startswith("task:") else entry.actor


def _data(entry: JournalEntry) -> str | None:
    return readable_json(json.dumps(entry.data)) if entry.data else None


def _row(entry: JournalEntry, output: str) -> dict[str, object]:
    if output == "table":
        return {"number": entry.number, "at": short_time(entry.at), "what": entry.sentence, "actor": entry.actor}
    return {
        "number": entry.number,
        "at": short_time(entry.at),
        "kind": entry.kind,
        "step": entry.step,
        "attempt": entry.attempt,
        "actor": entry.actor,
        "data": _data(entry),
    }
