"""Export a journal as NDJSON or CSV, one entry per line, reading a page at a time so that no journal is too long.

It works with any backend. The api-server and the command line both use it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Final

from airflow_wfstate.backends.state_backend import StateBackend
from airflow_wfstate.domain.messages.reading.journal import JournalEntry, JournalFilter, JournalPage
from airflow_wfstate.domain.rules.page_limit import MAX_LIMIT

_COLUMNS: Final = ("number", "at", "kind", "step", "attempt", "actor", "sentence", "data")

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - intended
"""A cell that begins with one of these may be run as a formula by a spreadsheet (OWASP, "CSV Injection")."""


class ExportFormat(str, Enum):
    """How the entries are written.

    ``ndjson``: one JSON object per line, as in a page of the journal. ``csv``: one row per entry, with a header.
    """

    NDJSON = "ndjson"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        """The content type."""
        return "application/x-ndjson" if self is ExportFormat.NDJSON else "text/csv; charset=utf-8"


@dataclass(frozen=True)
class ExportedPart:
    """A part of the file, made from one page of the journal.

    :param reached: number of the last entry that was read, whether or not it matched the filter.
    :param total: number of the journal's last entry when the export began.
    """

    text: str
    reached: int
    total: int


def export_journal(
    backend: StateBackend, workflow_id: str, form: ExportFormat, wanted: JournalFilter, after: int = 0
) -> Iterator[ExportedPart]:
    """Yield the file in parts. The first page is read at once, so that an error can still become an error response.

    The export ends with the entry that is the last one now. Entries written while it runs are not included.

    :param after: export only entries with a higher number.
    :raises WorkflowNotFound: no workflow has this id.
    :raises InvalidRequest: the workflow has no such step, or there is no entry with this number.
    """
    first = backend.read_journal(workflow_id, after, MAX_LIMIT, wanted, with_total=True)
    write = _csv if form is ExportFormat.CSV else _ndjson
    return _parts(backend, workflow_id, wanted, first, write)


def _parts(
    backend: StateBackend,
    workflow_id: str,
    wanted: JournalFilter,
    page: JournalPage,
    write: Callable[[list[JournalEntry], bool], str],
) -> Iterator[ExportedPart]:
    total, is_first = page.total or 0, True
    while True:
        text = write([entry for entry in page.entries if entry.number <= total], is_first)
        if page.next_after is None or page.next_after >= total:
            yield ExportedPart(text, total, total)
            return
        yield ExportedPart(text, page.next_after, total)
        is_first = False
        page = backend.read_journal(workflow_id, page.next_after, MAX_LIMIT, wanted)


def _ndjson(entries: list[JournalEntry], is_first: bool) -> str:
    return "".join(f"{json.dumps(_plain(entry))}\n" for entry in entries)


def _csv(entries: list[JournalEntry], is_first: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    if is_first:
        writer.writerow(_COLUMNS)
    for entry in entries:
        plain = _plain(entry) | {"data": json.dumps(entry.data) if entry.data else ""}
        writer.writerow([_guarded(plain[name]) for name in _COLUMNS])
    return text.getvalue()


def _plain(entry: JournalEntry) -> dict[str, Any]:
    return asdict(entry) | {"at": entry.at.isoformat(), "kind": entry.kind.value}


def _guarded(value: object) -> str:
    """The text of a cell, with an apostrophe before anything that a spreadsheet would run, as OWASP advises."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
